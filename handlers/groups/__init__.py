"""Chat groups: registered by staff, heard only where and of whom it is allowed."""
