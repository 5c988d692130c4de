"""Surveys of households on pages of staff."""
