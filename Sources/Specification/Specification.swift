// Room: Specification
