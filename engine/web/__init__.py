"""What every HTTP door of the engine shares: who may enter, how long one may take, how refusals are told."""
