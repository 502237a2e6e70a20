// The program: decides whether a command runs here, beside a server through its socket, or is the server itself.
#pragma once

#include <string>
#include <vector>

namespace handschlag::app {

// Answers the exit code. Catches what can't happen.
int run(std::vector<std::string> arguments);

}  // namespace handschlag::app
