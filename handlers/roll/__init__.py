"""The roll of owners (房屋清册): brought in from a sheet, objected to, corrected."""
