"""Files of products, sessions and tickets, taken into the central database.

`importing` takes a whole file, in one transaction. `files` reads CSV, JSON and spreadsheets into
rows of cells, `mapping` makes rows of another's columns into ours (`mappings/` has those we know),
`cells` makes cells into values, and `taking` takes the rows of one table.
"""

from gateway.central.imports.files import ImportRefused, Table
from gateway.central.imports.importing import Imported, Order, import_file
from gateway.central.imports.taking import Taken

__all__ = ("ImportRefused", "Imported", "Order", "Table", "Taken", "import_file")
