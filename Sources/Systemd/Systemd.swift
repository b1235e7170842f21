// Room: Systemd
