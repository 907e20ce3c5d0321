"""Keys of identities that are the same in every run."""

from calltally.identity_key import IdentityKey, IdentityScheme

KEY = IdentityKey(IdentityScheme.BLAKE3, bytes(range(32)))
ANOTHER_KEY = IdentityKey(IdentityScheme.BLAKE3, bytes(range(1, 33)))
FORMER_KEY = IdentityKey.of_seed(2**63 + 17)
"""As of a store that was made before keys were recorded."""
