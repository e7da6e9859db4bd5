from toy2d.commands.subcommand import *  # temporary: import from toy2d.commands.subcommand instead
