#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <thread>

#include "deploy/troupe/commands.h"
#include "deploy/troupe/listen.h"
#include "deploy/troupe/mailbox.h"
#include "deploy/troupe/node_setup.h"
#include "deploy/troupe/notify.h"
#include "deploy/troupe/server_file.h"
#include "deploy/troupe/settings.h"

namespace troupe::cli {
namespace {

struct ServeArguments {
  std::string listen;
  bool behind_proxy = false;
};

/// A server in the clear on a network would send its owner's token in the clear as well.
Status check_exposure(const config::Server& server) {
  Result<ListenAddress> address = parse_listen(server.listen);
  if (!address) return std::move(address).error();
  const bool speaks_tls = !server.tls_certificate_file.empty();
  if (address->loopback || server.behind_proxy || speaks_tls) return ok();
  return {Code::kInvalidRequest,
          server.listen +
              " is not a loopback address and this server speaks no TLS: give it a certificate "
              "(server.tls_certificate_file), or put a proxy that speaks TLS in front of it and "
              "give --behind-proxy"};
}

/// Until SIGTERM or SIGINT, with signs of life for a service manager that wants them.
void wait_for_signal(Mailbox& mailbox) {
  const int interval_ms = watchdog_interval_ms();
  while (true) {
    const Mailbox::Woke woke = mailbox.wait(interval_ms);
    if (woke == Mailbox::Woke::kSignal) return;
    if (woke == Mailbox::Woke::kTimeout) notify_manager("WATCHDOG=1");
  }
}

/// In order; a second signal ends it at once, but for a word to the cluster: others would have to
/// wait for the lease to run out.
void shut_down(LocalNode& node, Mailbox& mailbox) {
  bool is_over = false;
  std::thread second([&] {
    while (!is_over) {
      if (mailbox.wait(-1) != Mailbox::Woke::kSignal) continue;
      node.leave_now();
      release_signals();
      ::raise(SIGTERM);
      std::_Exit(128 + SIGTERM);  // the first process of a container ignores what it raises
    }
  });
  node.shutdown();
  mailbox.poster()([&is_over] { is_over = true; });
  second.join();
}

int serve(const ServeArguments& arguments, const Shared& shared) {
  Flags flags;
  if (!arguments.listen.empty()) flags.emplace_back("server.listen", arguments.listen);
  if (arguments.behind_proxy) flags.emplace_back("server.behind_proxy", "true");
  const Result<config::Loaded> settings = load_settings(shared, std::move(flags));
  if (!settings) return fail(settings.error());
  const config::Options& options = settings->options;
  if (const Status status = check_exposure(options.server); !status) return fail(status.error());

  hold_signals();
  Result<std::unique_ptr<LocalNode>> started = start_node(options, shared.quiet);
  if (!started) return fail(started.error());
  LocalNode& node = **started;
  Mailbox mailbox;
  const Result<std::string> url = node.serve(options);
  if (!url) {
    node.shutdown();
    return fail(url.error());
  }
  const Status recorded = write_server_file(options.node.data_dir, {*url, ::getpid()});
  if (!recorded) {
    node.shutdown();
    return fail(recorded.error());
  }
  print(*url);
  note("token: " + node.token_path());
  notify_manager("READY=1");
  wait_for_signal(mailbox);

  notify_manager("STOPPING=1");
  if (!shared.quiet) note("stopping; a second signal ends at once");
  remove_server_file(options.node.data_dir);
  shut_down(node, mailbox);
  return kOk;
}

}  // namespace

void add_serve(CLI::App& line, Shared& shared, Action& action) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App* command = line.add_subcommand("serve", "Serve the API and run what is submitted");
  command->add_option("--config", shared.config_file, "Configuration, TOML");
  command->add_option("--listen", arguments->listen, "HOST:PORT; default 127.0.0.1:7420");
  command->add_flag("--behind-proxy", arguments->behind_proxy,
                    "A proxy that speaks TLS stands in front");
  add_data_dir(*command, shared);
  add_quiet(*command, shared);
  command->footer(
      "Examples:\n"
      "  troupe serve --data-dir ./.troupe\n"
      "  curl -H \"Authorization: Bearer $(cat ./.troupe/owner.token)\" "
      "http://127.0.0.1:7420/v1/workflows\n"
      "SIGTERM and SIGINT stop it in order; a second one at once. Nothing is lost either way.");
  command->callback([&shared, &action, arguments] {
    action = [&shared, arguments] { return serve(*arguments, shared); };
  });
}

}  // namespace troupe::cli
