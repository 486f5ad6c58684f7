#pragma once

#include <string>
#include <vector>

namespace troupe::testing {

/// A workflow whose output is known for each input {"n": number}.
struct Program {
  std::string name;
  std::string graph;
  bool human = false;       ///< its step `ok` waits for an approval
  long long (*expected)(long long n) = nullptr;
};

/// A mix of everything that a run can be in the middle of. `chain` is the workflow that the program
/// "child" runs; it must be published first and its id given to later ones.
Program chain_program();
std::vector<Program> mixed_programs(const std::string& chain_workflow);

}  // namespace troupe::testing
