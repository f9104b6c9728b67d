"""How other makers' boards speak MQTT: topics and payloads ⇄ what they mean. Pure."""
