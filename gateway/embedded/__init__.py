"""Private servers: Valkey and PostgreSQL from wheels, the machine's own mosquitto."""
