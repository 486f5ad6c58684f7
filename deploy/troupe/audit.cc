#include <cstdlib>
#include <set>

#include "adapters/system/hasher.h"
#include "deploy/troupe/noun.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/tenancy/audit.h"

namespace troupe::cli {
namespace {

struct AuditArguments {
  std::size_t limit = 50;
  std::string head;
};

Result<int> list(Client& client, const AuditArguments& arguments, const Shared& shared) {
  const Listing entries{
      "/v1/audit", {}, arguments.limit, {"N", "AT", "ACTOR", "ACTION", "TARGET"}};
  return print_listing(client, entries, shared, [](std::string_view item) -> Cells {
    const std::string_view entry = json::member(item, "entry").value_or("{}");
    return {cell(entry, "n"), cell(entry, "at"), cell(entry, "actor"), cell(entry, "action"),
            cell(entry, "target")};
  });
}

/// A hash as 32 hexadecimal digits; nothing for another text.
std::optional<Digest> digest_of(std::string_view text) {
  Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    char* end = nullptr;
    const std::string pair(text.substr(2 * i, 2));
    digest[i] = static_cast<std::uint8_t>(std::strtoul(pair.c_str(), &end, 16));
    if (*end != '\0') return std::nullopt;
  }
  return digest;
}

Error damaged(const std::string& why) {
  return {Code::kCorrupt, "the audit log is not what was written: " + why, {}};
}

/// Reads the log piece by piece, from its beginning, and checks each entry against the one before.
class Verification {
 public:
  Verification(Client& client, WorkspaceId workspace)
      : client_(client), check_(hasher_, tenancy::audit_origin(hasher_, workspace)) {}

  Status run() {
    for (bool is_more = true; is_more;) {
      const auto page =
          client_.post("/v1/audit:export?after=" + std::to_string(check_.head().n), "");
      if (!page) return page.error();
      const auto items = json::member(page->view(), "items");
      if (!items) return damaged("the server gives no entries");
      Status checked = ok();
      json::for_each_element(*items, [&](std::string_view item) {
        checked = look_at(item);
        return checked.ok();
      });
      if (!checked) return checked;
      const auto next = json::member(page->view(), "next_cursor");
      is_more = next && json::kind(*next) == json::Kind::kString;
    }
    return ok();
  }
  const store::AuditHead& head() const { return check_.head(); }
  std::string hash() const { return hash_; }
  bool saw(const std::string& hash) const { return hash.empty() || seen_.contains(hash); }

 private:
  Status look_at(std::string_view item) {
    const auto entry = json::member(item, "entry");
    hash_ = cell(item, "hash");
    const auto digest = digest_of(hash_);
    const auto n = entry ? json::as_int(json::member(*entry, "n").value_or("")) : std::nullopt;
    if (!digest || !n || *n < 1) return damaged("an entry has no number or hash");
    store::SealedEntry sealed;
    sealed.head = store::AuditHead{static_cast<std::uint64_t>(*n), *digest};
    sealed.json = *entry;
    if (const auto broken = check_.next(sealed)) {
      return damaged("entry " + std::to_string(broken->n) + " " + broken->why);
    }
    seen_.insert(hash_);
    return ok();
  }

  Client& client_;
  system::Blake2bHasher hasher_;
  tenancy::AuditCheck check_;
  std::string hash_;
  std::set<std::string> seen_;
};

Result<int> verify(Client& client, const AuditArguments& arguments, const Shared& shared) {
  const auto workspace = client.get("/v1/workspace");
  if (!workspace) return workspace.error();
  const auto id = Uuid::parse(cell(workspace->view(), "id"));
  if (!id) return damaged("the server does not name its workspace");
  Verification verification(client, WorkspaceId(*id));
  if (Status whole = verification.run(); !whole) return whole.error();
  if (!verification.saw(arguments.head)) {
    return damaged("no entry has the hash " + arguments.head);
  }
  json::Writer out;
  out.begin_object().member("entries", verification.head().n).member("hash", verification.hash());
  return print_answer(out.end_object().take_text(), shared, [](std::string_view answer) {
    return cell(answer, "entries") + " entries, whole; the last one's hash is " +
           cell(answer, "hash");
  });
}

}  // namespace

void add_audit(CLI::App& line, Shared& shared, Action& action) {
  Noun<AuditArguments> noun(line, "audit", "The audit log of a workspace", shared, action);
  const auto arguments = noun.arguments();
  noun.list("List entries, newest first", list);
  CLI::App* verifying =
      noun.verb("verify", "Check every entry against the one before it, from the first on", verify);
  verifying->add_option("--head", arguments->head, "A hash that was kept: it has to be among them");
  noun.examples("  TROUPE_WORKSPACE=acme troupe audit verify");
}

}  // namespace troupe::cli
