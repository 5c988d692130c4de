"""A compound as it is governed: grid cells, profile, card (mechanisms 14, 16, 17 and 20 of docs/mechanisms.md)."""
