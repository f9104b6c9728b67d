"""The HTTP face: one file per resource, authentication, problems and the OpenAPI document."""
