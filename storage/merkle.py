"""RFC 6962 Merkle trees: one root for a list of entries, and short proofs about it. Pure, standard library only.

Leaves and nodes are hashed with different first bytes (section 2.1), so that no node can be passed off as a leaf. An
inclusion proof shows that an entry is in a list with a given root; a consistency proof, that a longer list begins
with all of a shorter one, unchanged.
"""

from collections.abc import Sequence
from hashlib import sha256

Hash = bytes
EMPTY_ROOT: Hash = sha256(b"").digest()


def leaf_hash(entry: bytes) -> Hash:
    """The hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def _node(left: Hash, right: Hash) -> Hash:
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below a size of at least 2."""
    return 1 << (size - 1).bit_length() - 1


def root_of(leaves: Sequence[Hash]) -> Hash:
    """The root over leaf hashes, MTH in the RFC."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        # The odd one out goes up as it is, which is what the recursive definition comes to.
        paired = [_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
        level = [*paired, level[-1]] if len(level) % 2 else paired
    return level[0]


def inclusion_proof(leaves: Sequence[Hash], index: int) -> list[Hash]:
    """The path from a leaf to the root, PATH in the RFC; raises IndexError for a leaf that is not there."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root_of(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root_of(leaves[:split])]


def is_included(leaf: Hash, index: int, size: int, proof: Sequence[Hash], root: Hash) -> bool:
    """Whether a leaf is the one at `index` of the list of `size` entries with this root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, at = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if node % 2 or node == last:
            at = _node(step, at)
            while node and not node % 2:
                node, last = node >> 1, last >> 1
        else:
            at = _node(at, step)
        node, last = node >> 1, last >> 1
    return last == 0 and at == root


def consistency_proof(leaves: Sequence[Hash], first: int) -> list[Hash]:
    """That the list begins with its first `first` entries, PROOF in the RFC; IndexError for more than there are."""
    if not 0 <= first <= len(leaves):
        raise IndexError(first)
    if first in (0, len(leaves)):
        return []
    return _subproof(leaves, first, whole=True)


def _subproof(leaves: Sequence[Hash], first: int, *, whole: bool) -> list[Hash]:
    if first == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*_subproof(leaves[:split], first, whole=whole), root_of(leaves[split:])]
    return [*_subproof(leaves[split:], first - split, whole=False), root_of(leaves[:split])]


def is_consistent(
    first: int, second: int, first_root: Hash, second_root: Hash, proof: Sequence[Hash]
) -> bool:
    """Whether a list of `second` entries begins with the list of `first` entries (RFC 9162 section 2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)  # a whole subtree: its root is known and not in the proof
    if not path:
        return False
    node, last = first - 1, second - 1
    while node % 2:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            old, new = _node(step, old), _node(step, new)
            while node and not node % 2:
                node, last = node >> 1, last >> 1
        else:
            new = _node(new, step)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
