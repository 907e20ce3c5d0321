"""What changes or proves what was counted: corrections, erasing, pruning, verifying, backups, exports."""

from calltally.maintenance.backup import BackupReport
from calltally.maintenance.maintenance import Maintenance
from calltally.maintenance.pruner import PruneReport

__all__ = ["BackupReport", "Maintenance", "PruneReport"]
