#include <string>
#include <vector>

#include "deploy/troupe/command_line.h"

int main(int argc, char** argv) {
  return troupe::cli::run_command_line(std::vector<std::string>(argv + 1, argv + argc));
}
