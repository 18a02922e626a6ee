"""Where events are delivered: one folder for each kind of destination, all behind `base.Destination`."""
