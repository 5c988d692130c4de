"""Surveys of households (改不改群众说了算、三问于民): what each says, by any channel. They decide nothing."""
