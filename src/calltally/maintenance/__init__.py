"""Operations on counted data: corrections, erasures, pruning, verification, backups and exports."""

from calltally.maintenance.backup import BackupReport
from calltally.maintenance.maintenance import Maintenance
from calltally.maintenance.pruner import PruneReport

__all__ = ["BackupReport", "Maintenance", "PruneReport"]
