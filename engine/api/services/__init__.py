"""Who answers, one module for each resource: what the rooms of the engine know, in the API's words."""
