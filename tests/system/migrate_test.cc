// Moving up: an embedded installation is killed, moved into PostgreSQL, and goes on from there.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "adapters/postgres/postgres_store.h"
#include "adapters/sqlite/sqlite_store.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/document_rows.h"
#include "tests/support/postgres_server.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

std::string graph_of(const std::string& steps) { return quoted("{@steps@:[") + steps + "]}"; }

/// A thousand items, so that their results come in chunks, with work enough for a kill to land
/// among them.
std::string loop_graph() {
  return graph_of(
      quoted("{@id@:@each@,@type@:@for_each@,@name@:@e@,@for_each_items@:{@count@:1000},"
             "@for_each_max_parallel@:8,@for_each_body_steps@:[{@id@:@b@,@type@:@lua_script@,"
             "@script@:@local n=0 for i=1,40000 do n=n+1 end return {v=item}@}]},") +
      lua("sum",
          "local s=0 for _,r in ipairs(steps.each.result.results) do s=s+r.result.v end "
          "return {v=s}",
          "@depends_on@:[@each@]"));
}

/// A large value before `wait`, whatever that waits for, and its use behind it.
std::string waiting_graph(const std::string& wait) {
  return graph_of(lua("big", "print('made') return {text=string.rep('x',5000)}") + "," +
                  quoted("{@id@:@w@,@name@:@w@,@depends_on@:[@big@]," + wait + "},") +
                  lua("size", "return {v=#steps.big.result.text}", "@depends_on@:[@w@]"));
}

class Migrate : public SystemTest {
 protected:
  Environment shared() const {
    return {{"TROUPE_STORE__KIND", "postgres"},
            {"TROUPE_POSTGRES__URL", postgres_server().conninfo()},
            {"TROUPE_POSTGRES__SCHEMA", schema_}};
  }
  Outcome migrate(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"migrate", "--from", data_dir(), "--to",
                                      postgres_server().conninfo(), "--schema", schema_};
    words.insert(words.end(), more.begin(), more.end());
    return troupe(words);
  }
  /// What may be read about a run that has ended and its workflow, as it is answered.
  static std::map<std::string, std::string> pages(Api& api, const std::string& workflow,
                                                  const std::string& run) {
    std::map<std::string, std::string> all;
    const std::string of_run = "/v1/runs/" + run;
    const std::string of_flow = "/v1/workflows/" + workflow;
    for (const std::string& path :
         {of_run, of_run + "/summary", of_run + "/context", of_run + "/events?limit=200",
          of_run + "/logs", of_flow, of_flow + "/versions", of_flow + "/runs"}) {
      const Answer answer = api.get(path);
      EXPECT_EQ(answer.status, 200) << path;
      all[path] = answer.text;
    }
    return all;
  }
  static void expect_gapless(Api& api, const std::string& run) {
    long long last = 0;
    for (const Json& event : api.events(run)) EXPECT_EQ(int_at(event, "/seq"), ++last) << run;
    EXPECT_GT(last, 0);
  }

  /// A member of a workspace, and the entry of its log that tells of it; on a stopped place.
  void add_member() {
    auto store = sqlite::SqliteStore::open({.path = data_dir() + "/troupe.db"}, hasher_);
    ASSERT_TRUE(store.ok()) << store.error().message;
    const auto decide = always({.put = {member_},
                                .audit = {line(hasher_, member_.workspace, "added")}});
    ASSERT_TRUE((*store)->writer().change({member_.workspace}, {1}, decide).ok());
  }
  void expect_member() {
    postgres::Options options;
    options.conninfo = postgres_server().conninfo();
    options.schema = schema_;
    auto store = postgres::PostgresStore::open(options, hasher_);
    ASSERT_TRUE(store.ok()) << store.error().message;
    const auto reader = (*store)->open_reader();
    auto& documents = reader->documents(store::DocumentScope::of(member_.workspace));
    EXPECT_EQ(*documents.find(member_.kind, member_.id), member_);
    EXPECT_EQ(reader->audit_head(member_.workspace)->n, 1u);
  }

  std::string schema_ = fresh_schema();
  system::Blake2bHasher hasher_;
  RowMaker make_;
  store::Document member_ =
      document(make_, store::DocumentKind::kMember, make_.id<WorkspaceId>(), "ann");
};

TEST_F(Migrate, RunsOfAKilledNodeGoOnInTheSharedStoreAndEndedOnesReadTheSame) {
  Server embedded(data_dir());
  embedded.start();
  Api before(embedded);
  const std::string ended_flow =
      before.publish(waiting_graph("@type@:@wait@,@duration_s@:0.05"), "ended");
  const std::string ended = text_at(before.run(ended_flow), "/run_id");
  const Answer renamed = before.call("PATCH", "/v1/workflows/" + ended_flow,
                                     R"({"description":"changed"})", {{"If-Match", "\"1\""}});
  ASSERT_EQ(renamed.status, 200) << renamed.text;
  const std::string looped_flow = before.publish(loop_graph(), "looped");
  const std::string looped = text_at(before.run(looped_flow), "/run_id");
  const std::string human = before.start(before.publish(
      waiting_graph("@type@:@human_task@,@task_type@:@approval@,@task_payload@:{}"), "human"));
  const std::string event = before.start(before.publish(
      waiting_graph("@type@:@wait_event@,@event@:@paid@,@key@:@{{input.k}}@"), "event"),
                                         R"({"k":"o-1"})");
  const std::string timer =
      before.start(before.publish(waiting_graph("@type@:@wait@,@duration_s@:1"), "timer"));
  for (const std::string& run : {human, event, timer}) before.wait_for(run, "step_waiting", "w");
  const auto ended_pages = pages(before, ended_flow, ended);
  const auto looped_pages = pages(before, looped_flow, looped);
  const std::string running = before.start(looped_flow);
  before.wait_for(running, "step_started", "each");
  embedded.kill_hard();
  add_member();

  const Outcome moved = migrate({"--json"});
  ASSERT_EQ(moved.exit, 0) << moved.err;
  const Json told = parse_json(moved.out);
  EXPECT_TRUE(at(told, "/moved").as_bool());
  EXPECT_EQ(int_at(told, "/runs"), 6);
  EXPECT_EQ(int_at(told, "/open_runs"), 4);
  EXPECT_EQ(int_at(told, "/workflows"), 5);
  EXPECT_GE(int_at(told, "/documents"), 1);
  EXPECT_GE(int_at(told, "/audit_entries"), 1);
  expect_member();

  Server node(data_dir(), shared());  // the same directory: its token stays the owner's
  node.start();
  Api api(node);
  EXPECT_EQ(pages(api, ended_flow, ended), ended_pages);
  auto now = pages(api, looped_flow, looped);
  auto then = looped_pages;
  const std::string list = "/v1/workflows/" + looped_flow + "/runs";  // one more run since
  now.erase(list);
  then.erase(list);
  EXPECT_EQ(now, then);
  ASSERT_EQ(api.post("/v1/runs/" + human + "/tasks/w/complete", R"({"approved":true})").status,
            200);
  ASSERT_EQ(api.post("/v1/events", R"({"event":"paid","key":"o-1","data":{}})").body,
            parse_json(R"({"delivered":1})"));
  for (const std::string& run : {human, event, timer}) {
    EXPECT_EQ(text_at(api.wait_end(run), "/status"), "completed");
    EXPECT_EQ(int_at(api.context(run), "/steps/size/result/v"), 5000);
  }
  EXPECT_EQ(text_at(api.wait_end(running), "/status"), "completed");
  EXPECT_EQ(int_at(api.context(running), "/steps/sum/result/v"), 999 * 500);
  for (const std::string& run : {ended, looped, human, event, timer, running}) {
    expect_gapless(api, run);
  }
  EXPECT_EQ(text_at(api.run(ended_flow), "/status"), "completed");
  EXPECT_EQ(node.terminate().exit, 0);
}

TEST_F(Migrate, ADirectoryThatIsServedIsRefusedAndNamesTheProcess) {
  Server embedded(data_dir());
  embedded.start();
  const Outcome refused = migrate();
  EXPECT_EQ(refused.exit, 2);
  EXPECT_NE(refused.err.find("process " + std::to_string(embedded.process().pid())),
            std::string::npos)
      << refused.err;
}

TEST_F(Migrate, ADryRunChangesNothingAndAMovedDirectoryRunsNothingMore) {
  Server embedded(data_dir());
  embedded.start();
  Api(embedded).run(Api(embedded).publish(graph_of(lua("a", "return {v=1}"))));
  embedded.terminate();
  const Outcome looked = migrate({"--dry-run"});
  EXPECT_EQ(looked.exit, 0) << looked.err;
  EXPECT_NE(looked.out.find("can be moved"), std::string::npos) << looked.out;
  EXPECT_FALSE(std::filesystem::exists(data_dir() + "/moved.json"));
  embedded.start();
  EXPECT_EQ(embedded.terminate().exit, 0);

  ASSERT_EQ(migrate().exit, 0);
  const Outcome again = migrate();
  EXPECT_EQ(again.exit, 2);
  EXPECT_NE(again.err.find("was moved to"), std::string::npos) << again.err;
  const Outcome served = troupe({"serve", "--data-dir", data_dir(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(served.exit, 2);
  EXPECT_NE(served.err.find("must not run twice"), std::string::npos) << served.err;
  // The way back, as it is told.
  std::filesystem::remove(data_dir() + "/moved.json");
  embedded.start();
  EXPECT_EQ(embedded.terminate().exit, 0);
  const Outcome full = migrate();
  EXPECT_EQ(full.exit, 7);
  EXPECT_NE(full.err.find("holds something already"), std::string::npos) << full.err;
}

TEST_F(Migrate, AMoveThatLostOnlyItsLastWordIsFinishedByTheNextOne) {
  Server embedded(data_dir());
  embedded.start();
  embedded.terminate();
  ASSERT_EQ(migrate().exit, 0);
  // As a crash between the store's last commit and the directory's last word leaves it.
  const std::string path = data_dir() + "/moved.json";
  std::string text((std::istreambuf_iterator<char>(*std::make_unique<std::ifstream>(path))), {});
  const auto state = text.find("\"moved\"");
  ASSERT_NE(state, std::string::npos) << text;
  std::ofstream(path) << text.replace(state, 7, "\"ending\"");
  const Outcome served = troupe({"serve", "--data-dir", data_dir(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(served.exit, 2);
  EXPECT_NE(served.err.find("interrupted at its very end"), std::string::npos) << served.err;
  const Outcome again = migrate();
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_NE(again.out.find("by an earlier attempt"), std::string::npos) << again.out;
}

TEST_F(Migrate, MovesThatAreKilledAtAnyMomentLoseNothing) {
  Server embedded(data_dir());
  embedded.start();
  Api before(embedded);
  const std::string looped = text_at(before.run(before.publish(loop_graph())), "/run_id");
  const std::string flow = before.publish(waiting_graph("@type@:@wait_event@,@event@:@go@"));
  std::vector<std::string> waiting;
  for (int i = 0; i < 200; ++i) waiting.push_back(before.start(flow));
  before.wait_for(waiting.back(), "step_waiting", "w");
  embedded.kill_hard();

  const std::vector<std::string> words = {TROUPE_BINARY, "migrate", "--from", data_dir(), "--to",
                                          postgres_server().conninfo(), "--schema", schema_};
  int killed = 0;
  for (int ms = 10; killed < 40; ms += 15, ++killed) {
    Process moving(Command{words, "", {}, ""});
    if (moving.ends_within(ms)) break;
    moving.signal(SIGKILL);
    moving.finish(10'000);
  }
  std::fprintf(stderr, "killed %d times before it came to its end\n", killed);
  EXPECT_GT(killed, 2);
  const Outcome last = migrate();
  const bool is_moved = last.exit == 0 || last.err.find("was moved to") != std::string::npos;
  ASSERT_TRUE(is_moved) << last.exit << last.err;
  Server node(data_dir(), shared());
  node.start();
  Api api(node);
  EXPECT_EQ(int_at(api.context(looped), "/steps/sum/result/v"), 999 * 500);
  expect_gapless(api, looped);
  EXPECT_EQ(int_at(api.post("/v1/events", R"({"event":"go","data":{}})").body, "/delivered"), 200);
  for (const std::string& run : waiting) {
    EXPECT_EQ(text_at(api.wait_end(run), "/status"), "completed") << run;
    expect_gapless(api, run);
  }
}

TEST_F(Migrate, WhatIsNoStoreOrNoPlaceForOneIsRefused) {
  EXPECT_EQ(migrate().exit, 3);
  EXPECT_FALSE(std::filesystem::exists(data_dir()));
  Server embedded(data_dir());
  embedded.start();
  embedded.terminate();
  EXPECT_EQ(migrate({"--schema", "No!"}).exit, 2);
  EXPECT_EQ(troupe({"migrate", "--from", data_dir(), "--to", "mysql:x"}).exit, 2);
  const Outcome nowhere = troupe({"migrate", "--from", data_dir(), "--to",
                                  "postgres://troupe:hunter2@/x?host=" + folder()});
  EXPECT_EQ(nowhere.exit, 5);
  EXPECT_EQ(nowhere.err.find("hunter2"), std::string::npos) << nowhere.err;
}

}  // namespace
}  // namespace troupe::testing
