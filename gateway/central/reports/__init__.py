"""The reports: what is asked of what happened, answered from sums wherever there are any.

- ``catalogue/NAME.sql`` is a report's query, ``catalogue/NAME.toml`` its columns and their words;
- ``parts/`` are the common tables that queries begin with (``-- with: counted``);
- `periods` cuts a period into days, hours and moments that are summed up or are not yet;
- `questions` checks what was asked, `reading` answers it, `tables` are its columns and totals,
  `csv_file` and `xlsx_file` write it.
"""
