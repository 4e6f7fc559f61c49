// The commands on the serial port: letters, and lines that begin with a colon.
#pragma once

#include <stdbool.h>

// Takes one character. Returns the letter of a command that main obeys, else 0; lines are obeyed
// here.
char commands_take(char character);
