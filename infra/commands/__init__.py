"""The five commands, a file each: init, plan, up, doctor, down."""
