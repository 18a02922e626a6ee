"""The delivery engine: claim, pace, send, settle. `engine.Engine` is the way in; everything else serves it."""
