"""The faces and the composition root: settings, command line, web, carriers, migrations."""
