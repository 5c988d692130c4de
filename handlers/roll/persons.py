"""Who of a sheet is one owner, and which of them the roll knows already. Pure.

A document is one owner. Without one, a name with a phone is one owner; a name alone is somebody else on every unit,
because two neighbours called 王伟 are two persons, and taking them for one would cost them a vote.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from handlers.roll.owners import BUILDER, SheetOwner, is_developer_like
from handlers.roll.rows import Row
from storage.states import OwnerKind

Lookup = Callable[[str], bytes]
"""The keyed hash of a document or phone, as the roll has it."""


@dataclass(frozen=True, slots=True)
class PresentOwner:
    """An owner in the roll. document, phone: keyed hashes."""

    number: int
    kind: OwnerKind
    name: str
    document: bytes | None = None
    phone: bytes | None = None
    minor: bool = False


@dataclass(eq=False, slots=True)
class Person:
    """One owner of the sheet. number: in the roll. known: whom the roll has; changes: what it will have otherwise."""

    name: str
    kind: OwnerKind
    document: str = ""
    phone: str = ""
    minor: bool = False
    rows: list[Row] = field(default_factory=list)
    number: int = 0
    known: PresentOwner | None = None
    changes: frozenset[str] = frozenset()

    @property
    def units(self) -> set[str]:
        """The codes of what they own."""
        return {row.room.code for row in self.rows if row.room is not None}


def settle_developers(rows: Sequence[Row], named: Iterable[str]) -> None:
    """Say which company is the developer: those named, else the only one that looks like it; with several, refuse."""
    developers = set(named)
    looks = {
        owner.name
        for row in rows
        for owner in row.owners
        if owner.kind is OwnerKind.COMPANY and is_developer_like(owner.name)
    }
    guessed = looks if not developers else set()
    if len(guessed) > 1:
        for row in rows:
            if any(owner.name in guessed for owner in row.owners):
                row.refused.append("developer.several")
        return
    developers |= guessed
    only = next(iter(developers)) if len(developers) == 1 else BUILDER
    for row in rows:
        if guessed and any(owner.name in guessed for owner in row.owners):
            row.warned.append("developer.guessed")
        row.owners = tuple(dict.fromkeys(_settled(owner, developers, only) for owner in row.owners))


def _settled(owner: SheetOwner, developers: set[str], only: str) -> SheetOwner:
    if owner.kind is OwnerKind.DEVELOPER and owner.name == BUILDER:
        return SheetOwner(only, OwnerKind.DEVELOPER)
    if owner.name in developers:
        return SheetOwner(owner.name, OwnerKind.DEVELOPER, owner.document, owner.phone)
    return owner


class Persons:
    """The owners of a sheet, each once."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._by_key: dict[tuple[str, ...], Person] = {}
        self._of: dict[tuple[int, SheetOwner], Person] = {}
        owners = [(row, owner) for row in rows for owner in row.owners]
        for row, owner in owners:
            if owner.document:
                self._add(("document", owner.document), row, owner)
        documented: dict[tuple[str, ...], list[Person]] = {}
        for person in self._by_key.values():
            for alike in ((person.name,), (person.name, person.phone)):
                documented.setdefault(alike, []).append(person)
        for row, owner in owners:
            if not owner.document:
                self._add_undocumented(row, owner, documented)
        self._warn_of_same_names()

    def all(self) -> list[Person]:
        """Everybody, in the order of the sheet's documents and then of its rows."""
        return list(self._by_key.values())

    def of(self, row: Row) -> list[Person]:
        """The owners of a row."""
        return list(dict.fromkeys(self._of[(row.number, owner)] for owner in row.owners))

    def _add_undocumented(
        self, row: Row, owner: SheetOwner, documented: Mapping[tuple[str, ...], list[Person]]
    ) -> None:
        assert row.room is not None
        if owner.kind is not OwnerKind.PERSON:  # the name of a company is registered once
            alike = documented.get((owner.name,), [])
            key: tuple[str, ...] = ("company", owner.name)
        elif owner.phone:
            alike = documented.get((owner.name, owner.phone), [])
            key = ("phone", owner.name, owner.phone)
            if alike or key in self._by_key:
                row.warned.append("owner.by_phone")
        else:
            alike, key = [], ("unit", row.room.code, owner.name)
        if len(alike) == 1:
            key = ("document", alike[0].document)
        self._add(key, row, owner)

    def _add(self, key: tuple[str, ...], row: Row, owner: SheetOwner) -> None:
        person = self._by_key.get(key)
        if person is None:
            person = self._by_key[key] = Person(
                owner.name, owner.kind, owner.document, owner.phone, owner.minor
            )
        elif person.name != owner.name:
            row.refused.append("document.two_names")
            for other in person.rows:
                other.refused.append("document.two_names")
        if owner.phone and person.phone and owner.phone != person.phone:
            row.warned.append("owner.phones_differ")
        person.phone = person.phone or owner.phone
        person.rows.append(row)
        self._of[(row.number, owner)] = person

    def _warn_of_same_names(self) -> None:
        called: dict[str, list[Person]] = {}
        for person in self._by_key.values():
            called.setdefault(person.name, []).append(person)
        for alike in called.values():
            for person in alike if len(alike) > 1 else ():
                if not person.document and not person.phone:
                    for row in person.rows:
                        row.warned.append("owner.same_name")


def recognise(
    persons: Sequence[Person],
    present: Mapping[int, PresentOwner],
    owners_of_unit: Mapping[str, frozenset[int]],
    document_lookup: Lookup,
    phone_lookup: Lookup,
) -> None:
    """Find whom the roll knows: by document, else by name with phone, else by name on a unit they own already.

    Who has a document in both and not the same is somebody else. Who has none in the sheet keeps the roll's.
    """
    by_document = {owner.document: owner for owner in present.values() if owner.document}
    by_phone: dict[tuple[str, bytes], PresentOwner] = {}
    by_company: dict[str, PresentOwner] = {}
    for owner in present.values():
        if owner.phone:
            by_phone.setdefault((owner.name, owner.phone), owner)
        if owner.kind is not OwnerKind.PERSON:
            by_company.setdefault(owner.name, owner)
    taken: set[int] = set()

    def by_papers(person: Person) -> PresentOwner | None:
        return by_document.get(document_lookup(person.document)) if person.document else None

    def by_call(person: Person) -> PresentOwner | None:
        if person.kind is not OwnerKind.PERSON:
            return by_company.get(person.name)
        return by_phone.get((person.name, phone_lookup(person.phone))) if person.phone else None

    def by_unit(person: Person) -> PresentOwner | None:
        numbers = sorted({number for code in person.units for number in owners_of_unit.get(code, ())})
        there = [present[number] for number in numbers if present[number].name == person.name]
        if not person.document and not person.phone:
            return next(iter(there), None)  # one whom the roll knows to own several may be named on each
        free = [
            owner for owner in there if owner.number not in taken and not (person.document and owner.document)
        ]
        if person.document and not free and there:
            for row in person.rows:
                row.warned.append("owner.other_document")
        return next(iter(free), None)

    for way in (by_papers, by_call, by_unit):
        for person in persons:
            known = way(person) if person.known is None else None
            if known is None or (
                person.document and way is by_call and (known.document or known.number in taken)
            ):
                continue
            person.known, person.changes = known, _changes(person, known, document_lookup, phone_lookup)
            taken.add(known.number)


def _changes(
    person: Person, known: PresentOwner, document_lookup: Lookup, phone_lookup: Lookup
) -> frozenset[str]:
    said = {
        "kind": person.kind is not known.kind,
        "name": person.name != known.name,
        "document": bool(person.document) and document_lookup(person.document) != known.document,
        "phone": bool(person.phone) and phone_lookup(person.phone) != known.phone,
        "minor": person.minor and not known.minor,
    }
    if known.minor and person.document and not person.minor:
        for row in person.rows:
            row.warned.append("owner.of_age")
    return frozenset(name for name, is_new in said.items() if is_new)
