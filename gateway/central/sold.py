"""Orders of sellers whose shop we ask, written as they are there now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from gateway.central.pool import Pool
from gateway.central.values import value_error

if TYPE_CHECKING:
    from gateway.central.pool import PooledConnection

_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


@dataclass(frozen=True, slots=True)
class Sold:
    """An order: its products, sessions and tickets by the names of our columns.

    Tickets of the same source and order that are not here are good no more.
    """

    source: str
    order: str
    products: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    tickets: list[dict[str, Any]]


class Orders(Pool):
    """Writes orders."""

    async def put_order(self, connection: "PooledConnection", sold: Sold) -> int:
        """Write an order; products that are there keep their rules. How many rows have changed.

        Raises:
            DatabaseValueError: The database does not take a value.
        """
        put = {"products": sold.products, "sessions": sold.sessions, "tickets": sold.tickets}
        try:
            for name, rows in put.items():
                text = orjson.dumps(rows).decode()
                await connection.execute(self.queries[f"sold.{name}"], text)
            changed: int = await connection.fetchval(
                self.queries["sold.rest"],
                sold.source,
                sold.order,
                [ticket["code"] for ticket in sold.tickets],
            )
        except _REFUSED as error:
            raise value_error(error) from error
        return changed
