#include <filesystem>
#include <memory>

#include "adapters/postgres/importer.h"
#include "adapters/sqlite/exporter.h"
#include "adapters/system/clock.h"
#include "adapters/system/data_dir.h"
#include "adapters/system/entropy.h"
#include "adapters/system/hasher.h"
#include "config/mask.h"
#include "deploy/troupe/commands.h"
#include "deploy/troupe/moved_file.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr Duration kBetweenNotes = seconds(2);

struct MigrateArguments {
  std::string from;
  std::string to;
  std::string schema = "troupe";
  bool dry_run = false;
};

/// What has been read, and unless it is a dry run written.
struct Tally {
  std::uint64_t workspaces = 0, projects = 0, workflows = 0, versions = 0, runs = 0, open_runs = 0,
                tasks = 0, payloads = 0, frames = 0, documents = 0, audit_entries = 0, bytes = 0;

  void add(const store::Piece& piece) {
    workspaces += piece.workspaces.size();
    projects += piece.projects.size();
    workflows += piece.workflows.size();
    versions += piece.versions.size();
    documents += piece.documents.size();
    audit_entries += piece.audit.size();
    runs += piece.batch.runs.size();
    for (const store::RunRow& run : piece.batch.runs) open_runs += store::ended(run.status) ? 0 : 1;
    tasks += piece.batch.tasks.size();
    payloads += piece.batch.payloads.size();
    frames += piece.batch.frames.size();
    for (const store::HistoryChunk& chunk : piece.history) frames += chunk.frames.size();
    bytes += piece.bytes;
  }
  std::string text() const {
    return std::to_string(runs) + " runs (" + std::to_string(open_runs) + " open), " +
           std::to_string(workflows) + " workflows, " + std::to_string(payloads) + " payloads, " +
           std::to_string(frames) + " frames, " + std::to_string(bytes >> 20) + " MB";
  }
};

/// One move; its parts and the ports they need.
class Move {
 public:
  Move(const MigrateArguments& arguments, bool quiet) : arguments_(arguments), quiet_(quiet) {}

  Status open();
  /// True if an earlier attempt has done all of it but for the last word.
  Result<bool> find_done();
  Status check() { return target_->check(); }
  Status copy();
  Status finish();
  Status certain() { return write_moved_file(arguments_.from, note_of(true)); }
  const Tally& tally() const { return tally_; }
  std::string to() const { return config::mask_conninfo(arguments_.to); }

 private:
  MovedFile note_of(bool is_certain) const {
    return {to(), arguments_.schema, move_, to_rfc3339(clock_.now()), is_certain};
  }
  void tell(const char* verb, bool is_last);

  const MigrateArguments& arguments_;
  const bool quiet_;
  system::SystemClock clock_;
  system::SystemEntropy entropy_;
  system::Blake2bHasher hasher_;
  std::unique_ptr<system::DataDir> data_dir_;
  std::unique_ptr<store::Export> source_;
  std::unique_ptr<store::Import> target_;
  std::uint64_t move_ = 0;
  Tally tally_;
  Duration told_;
};

Status Move::open() {
  // Holding a directory makes it, and a wrong name is no reason to.
  if (!std::filesystem::exists(arguments_.from + "/troupe.db")) {
    return Error{Code::kNotFound, "there is no store in " + arguments_.from, {}};
  }
  auto data_dir = system::DataDir::hold(arguments_.from);
  if (!data_dir) return std::move(data_dir).error();
  data_dir_ = std::move(*data_dir);
  postgres::Options server;
  server.conninfo = arguments_.to;
  server.schema = arguments_.schema;
  auto target = postgres::Importer::open(server, hasher_);
  if (!target) return std::move(target).error();
  target_ = std::move(*target);
  return ok();
}

Result<bool> Move::find_done() {
  const std::optional<MovedFile> earlier = read_moved_file(arguments_.from);
  if (!earlier) return false;
  if (earlier->is_certain) return require_not_moved(arguments_.from).error();
  if (earlier->to != to() || earlier->schema != arguments_.schema) {
    return Error{Code::kConflict,
                 "a move to " + earlier->to + ", schema " + earlier->schema +
                     ", may have come to its end: only the same --to and --schema can tell",
                 {}};
  }
  const auto landed = target_->holds(earlier->move);
  if (!landed || *landed) {
    move_ = earlier->move;
    return landed;
  }
  // It never came to life there.
  if (Status removed = remove_moved_file(arguments_.from); !removed) return removed.error();
  return false;
}

void Move::tell(const char* verb, bool is_last) {
  const Duration now = clock_.since_boot();
  if (quiet_ || (!is_last && now < told_ + kBetweenNotes)) return;
  told_ = now;
  note(std::string(verb) + " " + tally_.text());
}

Status Move::copy() {
  sqlite::Options file;
  file.path = data_dir_->file("troupe.db");
  auto source = sqlite::Exporter::open(file, hasher_);
  if (!source) return std::move(source).error();
  source_ = std::move(*source);
  const auto bounds = source_->bounds();
  if (!bounds) return bounds.error();
  move_ = entropy_.next() >> 1 | 1;
  const bool writes = !arguments_.dry_run;
  if (writes) {
    if (Status begun = target_->begin(move_, *bounds); !begun) return begun;
  }
  const char* const verb = writes ? "moved" : "read";
  told_ = clock_.since_boot();
  for (;;) {
    const auto piece = source_->next(kPieceBytes);
    if (!piece) return piece.error();
    if (!*piece) break;
    if (writes) {
      if (Status put = target_->put(**piece); !put) return put;
    }
    tally_.add(**piece);
    tell(verb, false);
  }
  tell(verb, true);
  return ok();
}

Status Move::finish() {
  // First the directory gives up, then the new place comes to life: never both.
  if (Status noted = write_moved_file(arguments_.from, note_of(false)); !noted) return noted;
  const Status done = target_->finish();
  if (!done && done.error().code != Code::kOutcomeUnknown) {
    if (Status removed = remove_moved_file(arguments_.from); !removed) return removed;
  }
  return done;
}

void print_outcome(const Shared& shared, const MigrateArguments& arguments, const Move& move,
                   bool was_done) {
  const Tally& tally = move.tally();
  if (!shared.json) {
    print(std::string(arguments.dry_run ? "can be moved" : "moved") + " to " + move.to() +
          ", schema " + arguments.schema + ": " +
          (was_done ? "by an earlier attempt" : tally.text()));
    if (arguments.dry_run) return;
    note("serve it with store.kind = \"postgres\"; the owner's token is still " + arguments.from +
         "/owner.token");
    note("the way back, until a node has served it: drop the schema, delete " + arguments.from +
         "/moved.json");
    return;
  }
  json::Writer out;
  out.begin_object().member("moved", !arguments.dry_run).member("to", move.to());
  out.member("schema", arguments.schema).member("by_earlier_attempt", was_done);
  out.member("workspaces", tally.workspaces);
  out.member("projects", tally.projects).member("workflows", tally.workflows);
  out.member("versions", tally.versions).member("runs", tally.runs);
  out.member("open_runs", tally.open_runs).member("tasks", tally.tasks);
  out.member("payloads", tally.payloads).member("frames", tally.frames);
  out.member("documents", tally.documents).member("audit_entries", tally.audit_entries);
  out.member("bytes", tally.bytes).end_object();
  print_json(out.take());
}

Status migrate(const MigrateArguments& arguments, const Shared& shared) {
  const bool is_text = arguments.to.find('=') != std::string::npos ||
                       arguments.to.starts_with("postgres://") ||
                       arguments.to.starts_with("postgresql://");
  if (!is_text) {
    return Error{Code::kInvalidRequest, "--to must be postgres://… or libpq's words", {}};
  }
  Move move(arguments, shared.quiet);
  if (Status opened = move.open(); !opened) return opened;
  const auto done = move.find_done();
  if (!done) return done.error();
  if (!*done) {
    if (Status fits = move.check(); !fits) return fits;
    if (Status copied = move.copy(); !copied) return copied;
    if (arguments.dry_run) {
      print_outcome(shared, arguments, move, false);
      return ok();
    }
    if (Status finished = move.finish(); !finished) return finished;
  }
  if (Status noted = move.certain(); !noted) return noted;
  print_outcome(shared, arguments, move, *done);
  return ok();
}

}  // namespace

void add_migrate(CLI::App& line, Shared& shared, Action& action) {
  auto arguments = std::make_shared<MigrateArguments>();
  CLI::App* command =
      line.add_subcommand("migrate", "Move a data directory into a shared store, runs included");
  command->add_option("--from", arguments->from, "The data directory; nobody may serve it")
      ->required();
  command->add_option("--to", arguments->to, "postgres://…")->required();
  command->add_option("--schema", arguments->schema, "New or empty; made if it is missing")
      ->capture_default_str();
  command->add_flag("--dry-run", arguments->dry_run, "Read and check everything, change nothing");
  add_json(*command, shared);
  add_quiet(*command, shared);
  command->footer(
      "Examples:\n"
      "  troupe migrate --from ./.troupe --to postgres://troupe@db/troupe --dry-run\n"
      "All or nothing: a move that was interrupted begins anew when it is called again, and no\n"
      "node joins what is there so far. Afterwards `serve` refuses the directory. The way back,\n"
      "until a node has served the new place: drop the schema and delete DATA_DIR/moved.json.\n"
      "Later there is none: what has happened since is only there.");
  command->callback([&shared, &action, arguments] {
    action = [&shared, arguments]() -> int {
      const Status done = migrate(*arguments, shared);
      return done ? kOk : fail(done.error());
    };
  });
}

}  // namespace troupe::cli
