"""What a decision may do: log, MQTT, webhook, PTZ preset, snapshot."""
