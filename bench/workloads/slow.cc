// W7-slow: starts at an even pace by 64 healthy clients, beside a thousand clients that are slow
// on purpose (slowhttptest): with their headers, with their bodies, with reading the answer. They
// run on the same machine, behind everything else (the idle class), and take a part of it
// nevertheless; so each attack is made twice: first on a port where nobody answers, which costs the
// healthy what the attacker's own work costs, and then on the server. The figures are p99 in ms
// from the due moment, and the second over the first.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <stdexcept>

#include "bench/workloads/http_door.h"

namespace troupe::bench {
namespace {

constexpr double kRate = 2'000;
constexpr int kSlowClients = 1'000;

struct Attack {
  const char* name;
  std::string arguments;  ///< of slowhttptest
  std::string path;
};

/// A port of the loopback address on which the kernel takes connections and nobody reads.
class DeafPort {
 public:
  DeafPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, raw, size) != 0 || ::listen(socket_, 2 * kSlowClients) != 0 ||
        ::getsockname(socket_, raw, &size) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(address.sin_port);
  }
  ~DeafPort() { ::close(socket_); }
  DeafPort(const DeafPort&) = delete;
  DeafPort& operator=(const DeafPort&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  int port_ = 0;
};

/// p99 of the healthy while the attack goes on.
double beside(const HttpDoor& door, WorkflowId workflow, const std::string& victim,
              const Attack& attack, double seconds) {
  const int length = static_cast<int>(seconds) + 2;
  std::future<std::string> attacker = std::async(std::launch::async, [&] {
    return output_of("chrt --idle 0 slowhttptest -c " + std::to_string(kSlowClients) + " -r " +
                     std::to_string(kSlowClients / 5) + " -l " + std::to_string(length) + " " +
                     attack.arguments + " -u " + victim + attack.path + " 2>&1");
  });
  std::vector<double> times = door.pace(workflow, kRate, seconds);
  const std::string report = attacker.get();
  if (report.find("slow HTTP test status") == std::string::npos) {
    throw std::runtime_error("slowhttptest: " + report);
  }
  return quantile(times, 0.99);
}

}  // namespace

Figures run_slow(Rig& rig, const Settings& settings) {
  const WorkflowId workflow = rig.publish(chain_graph(1));
  const HttpDoor door(rig);
  const std::string start = HttpDoor::start_path(workflow);
  // As the member, so that the body is waited for; behind a header that slowhttptest does know.
  const std::string as_member = "-m \"$(printf '*/*\\r\\nAuthorization: " +
                                door.client().headers.front().second + "')\"";
  const Attack attacks[] = {
      {"headers", "-H", start},
      {"bodies", "-B -s 8192 -t POST -f application/json " + as_member, start},
      {"reading", "-X -w 1 -y 10 -n 1 -z 1", "/openapi.json"},
  };
  const DeafPort deaf;
  Figures figures;
  const double begun = monotonic_s();
  std::vector<double> alone = door.pace(workflow, kRate, settings.seconds);
  figures.p50_ms = quantile(alone, 0.5);
  figures.p99_ms = quantile(alone, 0.99);
  figures.max_ms = quantile(alone, 1);
  for (const Attack& attack : attacks) {
    const double idle = beside(door, workflow, deaf.url(), attack, settings.seconds);
    const double p99 = beside(door, workflow, door.url(), attack, settings.seconds);
    const std::string name = attack.name;
    figures.more.insert(figures.more.end(), {{name + "_elsewhere_p99_ms", idle},
                                             {name + "_p99_ms", p99},
                                             {name + "_ratio", p99 / idle}});
  }
  figures.seconds = monotonic_s() - begun;
  figures.n = rig.ended();
  figures.runs_per_s = kRate;
  return figures;
}

}  // namespace troupe::bench
