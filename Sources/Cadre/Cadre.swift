// Room: Cadre
