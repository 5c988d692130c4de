"""The monthly consultation (议事协商每月开展): agenda, notice, meeting, minutes, and what was promised."""
