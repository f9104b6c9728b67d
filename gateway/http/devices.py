"""Devices that are on a wire and in no site file."""

from aiohttp import web

from gateway.http.face import Face
from gateway.http.responses import answer
from gateway.http.routing import Routes
from gateway.http.schemas import DeviceList
from gateway.people.identity import Identity
from gateway.people.roles import Role

routes = Routes("devices")


@routes.add(
    "GET",
    "/v1/devices",
    "Devices seen on a wire that the site file does not describe",
    role=Role.ADMIN,
    answer=DeviceList,
)
async def devices(
    face: Face, _request: web.Request, _identity: Identity, _body: None
) -> web.StreamResponse:
    """Ask the wires who is there; takes about a second."""
    found = await face.services.look()
    return answer(
        {
            "items": [
                {
                    "driver": each.driver,
                    "name": each.name,
                    "controller": dict(each.controller),
                    "equipment": each.equipment,
                    "online": each.online,
                }
                for each in found
            ],
            "next": None,
        }
    )
