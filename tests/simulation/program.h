#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/random.h"

namespace troupe::simulation {

enum class Kind : std::uint8_t {
  kSum, kFlaky, kFail, kHang, kForEach, kWhile, kWait, kEvent, kHuman, kChild,
};

/// Node::effect, from here on, of effects that must not happen twice.
inline constexpr int kOnceOrAsk = 3;

/// What the items of a for_each do.
enum class Items : std::uint8_t {
  kPlain, kTwoSteps, kWithWait, kSomeFail, kFailing, kWithWhile, kWithLoop, kFlaky,
};

/// One step of a random workflow. Its value is a number, or nothing where it was skipped or failed.
struct Node {
  Kind kind = Kind::kSum;
  std::vector<int> deps;
  int constant = 0;
  bool parity = false;     ///< the value is only its lowest bit, so that conditions differ
  bool optional = false;   ///< on_error: continue
  bool enabled = true;
  int condition = -1;      ///< a dependency whose value decides
  int flakes = 0;          ///< executions that fail (or hang) before one succeeds
  int effect = 0;          ///< 0 none, 1 idempotent, 2 once/retry, 3 once/ask, 4 once/fail
  /// A loop that outlasts its deadline, an event that nobody sends, a task that nobody answers.
  bool lapses = false;
  bool shared_key = false;  ///< a concurrency key that all such steps share
  bool big = false;        ///< its result is stored beside the journal
  bool prints = false;
  bool worker = false;     ///< a worker's task, not a script
  Items items = Items::kPlain;
  int count = 0;           ///< of items, or at most of iterations
  int parallel = 1;
  int stop_at = 0;         ///< iteration after which a while ends
  int style = 0;           ///< how the end of a while is tested, and what its body holds
  double seconds = 0;      ///< of a wait
  bool reject = false;     ///< what the person says
  int child = -1;          ///< an earlier program
};

/// A workflow whose outcome can be computed by hand. The last step, `end`, depends on all others.
struct Program {
  int number = 0;
  std::vector<Node> nodes;
};

/// A loop that cannot end before its deadline.
bool lapsing_loop(const Node& node);
/// Whether what hangs is tried again until it does not.
bool hang_retries(const Node& node);
std::string step_id(int node);
/// The name of the event that a step waits for.
std::string event_name(const Program& program, int node);
/// Earlier programs may be called by `run_workflow`.
Program random_program(Random& random, int number);
/// `workflow_ids` of earlier programs.
std::string graph_of(const Program& program, const std::vector<std::string>& workflow_ids);

}  // namespace troupe::simulation
