"""How long plain Langevin dynamics takes to mix."""
