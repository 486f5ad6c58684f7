// The command line against a running server: data on stdout, everything else on stderr, exit codes.
#include <gtest/gtest.h>

#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class CommandLineTest : public ServerTest {
 protected:
  Outcome say(std::vector<std::string> arguments) { return troupe(arguments, server_.access()); }
  /// A command that must succeed with JSON on stdout.
  Json json_of(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const Outcome outcome = say(arguments);
    EXPECT_EQ(outcome.exit, 0) << arguments[0] << " " << arguments[1] << ": " << outcome.err;
    return parse_json(outcome.out);
  }
  std::string approval_ =
      file("approval.json",
           quoted("{@steps@:[{@id@:@ok@,@type@:@human_task@,@name@:@o@,@task_type@:@approval@},") +
               lua("b", "print('hello') return {v=input.n}", "@depends_on@:[@ok@]") + "]}");
};

/// A run that was left waiting, was stopped by way of a server, and is then looked at again.
int exit_of_a_stopped_run(const std::string& graph, const std::string& data_dir) {
  const Outcome waiting = troupe({"run", graph, "--data-dir", data_dir, "--json"});
  const std::string run = text_at(parse_json(waiting.out), "/run_id");
  Server server(data_dir);
  server.start();
  EXPECT_EQ(troupe({"runs", "stop", run}, server.access()).exit, 0);
  Api(server).wait_end(run);
  EXPECT_EQ(server.terminate().exit, 0);
  return troupe({"resume", run, "--data-dir", data_dir}).exit;
}

TEST_F(CommandLineTest, AWorkflowIsCreatedStartedAnsweredAndRead) {
  const Outcome made = say({"workflows", "create", approval_, "--publish", "--name", "Approval"});
  ASSERT_EQ(made.exit, 0) << made.err;
  const std::string workflow = first_line(made.out);
  EXPECT_EQ(text_at(json_of({"workflows", "list"}), "/0/id"), workflow);
  EXPECT_EQ(text_at(json_of({"workflows", "show", workflow}), "/name"), "Approval");

  const Json started = json_of({"workflows", "start", workflow, "--input", R"({"n":5})", "--key",
                                "k1", "--external-id", "mine"});
  const std::string run = text_at(started, "/run_id");
  const Json again = json_of({"workflows", "start", workflow, "--input", R"({"n":5})", "--key",
                              "k1", "--external-id", "mine"});
  EXPECT_EQ(text_at(again, "/run_id"), run);
  api_.wait_for(run, "human_task_created", "ok");
  EXPECT_EQ(text_at(json_of({"runs", "show", run}), "/pause_reason"), "human");
  EXPECT_EQ(text_at(json_of({"runs", "list", "--status", "paused"}), "/0/run_id"), run);
  const Json tasks = json_of({"tasks", "list"});
  const std::string task = text_at(tasks, "/0/task_id");
  EXPECT_EQ(text_at(tasks, "/0/step_id"), "ok");
  EXPECT_EQ(text_at(json_of({"runs", "pause", run}), "/pause_reason"), "user");
  json_of({"runs", "resume", run});
  EXPECT_EQ(at(json_of({"tasks", "complete", task, "--approve"}), "/approved"), Json(true));

  const Outcome events = say({"runs", "events", run, "--follow", "--json"});
  EXPECT_EQ(events.exit, 0) << events.err;
  const std::string last = events.out.substr(events.out.rfind('\n', events.out.size() - 2) + 1);
  EXPECT_EQ(text_at(parse_json(last), "/event_type"), "run_completed") << last;
  EXPECT_NE(say({"runs", "logs", run}).out.find("hello"), std::string::npos);
  EXPECT_EQ(at(parse_json(say({"runs", "show", run, "--context"}).out), "/steps/b/result/v"),
            Json(5));
}

TEST_F(CommandLineTest, WorkspacesDoctorAndConfigSpeakJson) {
  const std::string token =
      text_at(json_of({"tokens", "create", "ci", "--scope", "workflow:read"}), "/token");
  EXPECT_TRUE(token.starts_with("pat_")) << token;
  const Json tokens = json_of({"tokens", "list"});
  EXPECT_EQ(text_at(tokens, "/0/name"), "ci");
  json_of({"tokens", "revoke", text_at(tokens, "/0/id")});
  EXPECT_EQ(int_at(json_of({"audit", "verify"}), "/entries"), 1) << "that it was exported";
  EXPECT_EQ(text_at(json_of({"workspaces", "create", "acme", "--name", "Acme"}), "/slug"), "acme");
  const Json listed = json_of({"workspaces", "list"});
  EXPECT_EQ(listed.as_array().size(), 2u);
  const Outcome doctor =
      troupe({"doctor", "--data-dir", data_dir(), "--json"}, server_.access());
  EXPECT_EQ(doctor.exit, 0) << doctor.out << doctor.err;
  EXPECT_TRUE(at(parse_json(doctor.out), "/checks").is_array());
  const Json config = json_of({"config", "show", "--data-dir", data_dir()});
  EXPECT_EQ(text_at(config, "/node.data_dir/value"), data_dir());
  const std::string wrong = file("wrong.toml", "[server]\nlissten = \"127.0.0.1:1\"\n");
  const Outcome checked = say({"config", "check", "--config", wrong});
  EXPECT_EQ(checked.exit, 2);
  EXPECT_NE(checked.err.find(":2"), std::string::npos) << checked.err;
}

TEST_F(CommandLineTest, ManyRunsAreStoppedByOneJob) {
  const std::string flow = api_.publish(
      quoted("{@steps@:[{@id@:@ok@,@type@:@human_task@,@name@:@ok@,@task_type@:@approval@}]}"));
  std::vector<std::string> runs;
  for (int i = 0; i < 3; ++i) runs.push_back(api_.start(flow));
  const std::string other = api_.start(api_.publish(
      quoted("{@steps@:[{@id@:@ok@,@type@:@human_task@,@name@:@ok@,@task_type@:@approval@}]}")));
  for (const std::string& run : runs) api_.wait_for(run, "human_task_created");
  EXPECT_EQ(say({"jobs", "stop"}).exit, 2) << "everything has to be said";
  EXPECT_EQ(say({"jobs", "stop", "--workflow", "x"}).exit, 2);
  EXPECT_EQ(first_line(say({"jobs", "stop", "--workflow", flow, "--preview"}).out), "3 runs");
  const Json made = json_of({"jobs", "stop", "--workflow", flow});
  EXPECT_EQ(int_at(made, "/matched"), 3);
  for (const std::string& run : runs) EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "stopped");
  const std::string job = text_at(made, "/job_id");
  EXPECT_EQ(text_at(json_of({"jobs", "show", job}), "/action"), "stop");
  EXPECT_EQ(text_at(json_of({"jobs", "list"}), "/0/job_id"), job);
  EXPECT_EQ(text_at(json_of({"runs", "show", other}), "/status"), "paused") << "not of the job";
  EXPECT_EQ(int_at(json_of({"jobs", "retry", "--all", "--status", "stopped"}), "/matched"), 3);
  EXPECT_EQ(say({"jobs", "cancel", "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d"}).exit, 3);
}

TEST_F(CommandLineTest, TheLocalDirectoryIsEnoughToFindTheServer) {
  const Outcome outcome = troupe({"workflows", "list", "--data-dir", data_dir(), "--json"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(parse_json(outcome.out), parse_json("[]"));
}

TEST_F(CommandLineTest, EveryExitCodeHasItsCause) {
  const std::string local = folder() + "/local";
  const auto run = [&](const std::string& graph, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"run", graph, "--data-dir", local};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return troupe(arguments).exit;
  };
  const std::string good = file("good.json", quoted("{@steps@:[") + lua("a", "return {}") + "]}");
  const std::string bad =
      file("bad.json", quoted("{@steps@:[") + lua("a", "error('x')") + "]}");
  EXPECT_EQ(run(good), 0);
  EXPECT_EQ(run(bad), 1);
  EXPECT_EQ(troupe({"run", file("none.json", "{}"), "--data-dir", local}).exit, 2);
  EXPECT_EQ(say({"runs", "show", "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d"}).exit, 3);
  EXPECT_EQ(run(approval_), 4);
  EXPECT_EQ(troupe({"runs", "list"}, {{"TROUPE_URL", "http://127.0.0.1:1"},
                                      {"TROUPE_TOKEN", "x"}})
                .exit,
            5);
  EXPECT_EQ(exit_of_a_stopped_run(approval_, folder() + "/stopped"), 6);
  const std::string workflow = first_line(say({"workflows", "create", good, "--publish"}).out);
  const std::string ended = first_line(say({"workflows", "start", workflow}).out);
  api_.wait_end(ended);
  EXPECT_EQ(say({"runs", "stop", ended}).exit, 7);
}

TEST_F(CommandLineTest, AWrongTokenIsRefusedWithWhatToDo) {
  const Outcome outcome =
      troupe({"runs", "list"}, {{"TROUPE_URL", server_.url()}, {"TROUPE_TOKEN", "wrong"}});
  EXPECT_NE(outcome.exit, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("unauthorized"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace troupe::testing
