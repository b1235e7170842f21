// Room: ControlAPI
