"""The only room that knows every concrete class: what is built of which parts."""

from calltally.wiring.installation import Installation, vendor_descriptions
from calltally.wiring.meter_assembly import MeterOptions, assemble_meter

__all__ = ["Installation", "MeterOptions", "assemble_meter", "vendor_descriptions"]
