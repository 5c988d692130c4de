"""The tree of RFC 6962, against the published vectors of certificate transparency and against every small size."""

import pytest

from storage.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)

# The entries and roots that implementations of certificate transparency test themselves with.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
SIZE = 200
MANY = [leaf_hash(str(number).encode()) for number in range(SIZE)]
MANY_ROOTS = [root_of(MANY[:size]) for size in range(SIZE + 1)]


@pytest.mark.parametrize("size", range(1, len(ENTRIES) + 1))
def test_the_published_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing() -> None:
    assert root_of([]) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_the_published_paths(index: int, size: int, proof: list[str]) -> None:
    assert [step.hex() for step in inclusion_proof(LEAVES[:size], index)] == proof


@pytest.mark.parametrize(
    ("first", "second", "proof"),
    [
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
    ],
)
def test_the_published_consistency_proofs(first: int, second: int, proof: list[str]) -> None:
    assert [step.hex() for step in consistency_proof(LEAVES[:second], first)] == proof


def test_every_entry_of_every_size_is_proven_and_no_other() -> None:
    for size in range(1, 66):
        for index in range(size):
            proof = inclusion_proof(MANY[:size], index)
            assert is_included(MANY[index], index, size, proof, MANY_ROOTS[size])
            assert not is_included(MANY[index + 1], index, size, proof, MANY_ROOTS[size])
            assert not is_included(MANY[index], index + 1, size, proof, MANY_ROOTS[size])
            assert not is_included(MANY[index], index, size, [*proof, EMPTY_ROOT], MANY_ROOTS[size])
            if proof:
                assert not is_included(MANY[index], index, size, proof[:-1], MANY_ROOTS[size])


def test_consistency_of_every_pair_of_sizes() -> None:
    for second in range(SIZE + 1):
        for first in range(second + 1):
            proof = consistency_proof(MANY[:second], first)
            assert is_consistent(first, second, MANY_ROOTS[first], MANY_ROOTS[second], proof), (first, second)


def test_a_fork_is_never_consistent() -> None:
    forked = [*MANY[:30], leaf_hash(b"another"), *MANY[31:70]]
    root = root_of(forked)
    for first in range(31, 70):
        proof = consistency_proof(forked, first)
        assert not is_consistent(first, 70, MANY_ROOTS[first], root, proof)


def test_a_proof_that_was_tampered_with_fails() -> None:
    proof = consistency_proof(MANY[:77], 50)
    for place in range(len(proof)):
        broken = [*proof]
        broken[place] = leaf_hash(b"other")
        assert not is_consistent(50, 77, MANY_ROOTS[50], MANY_ROOTS[77], broken)
    assert not is_consistent(50, 77, MANY_ROOTS[50], MANY_ROOTS[77], proof[:-1])
    assert not is_consistent(50, 77, MANY_ROOTS[50], MANY_ROOTS[77], [*proof, EMPTY_ROOT])
    assert not is_consistent(50, 77, MANY_ROOTS[50], MANY_ROOTS[77], [])
    assert not is_consistent(77, 50, MANY_ROOTS[77], MANY_ROOTS[50], proof)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(MANY[:3], index)


@pytest.mark.parametrize("first", [-1, 4])
def test_a_size_that_is_not_there(first: int) -> None:
    with pytest.raises(IndexError):
        consistency_proof(MANY[:3], first)
