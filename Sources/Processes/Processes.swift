// Room: Processes
