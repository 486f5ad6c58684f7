#include "runtime/tenancy/audit.h"

#include <utility>

#include "runtime/json/read.h"
#include "runtime/json/text.h"
#include "runtime/json/write.h"

namespace troupe::tenancy {
namespace {

// Says what is hashed, so that no other hash of this service can stand for one of a chain.
constexpr std::string_view kOrigin = "troupe audit 1 origin\n";
constexpr std::string_view kLink = "troupe audit 1 entry\n";

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// The prefix and the digest have fixed sizes, so only one entry after one chain gives these bytes.
Digest link_hash(const Hasher& hasher, const Digest& before, std::string_view json) {
  std::string bytes;
  bytes.reserve(kLink.size() + before.size() + json.size());
  bytes.append(kLink).append(bytes_of(before)).append(json);
  return hasher.hash(bytes);
}

std::string to_json(std::uint64_t n, WorkspaceId workspace, const AuditEntry& entry) {
  json::Writer out;
  out.begin_object().member("n", n).member("at", to_rfc3339(entry.at));
  if (workspace.set()) out.member("workspace", workspace.to_string());
  if (entry.project) out.member("project", entry.project->to_string());
  out.member("actor", entry.actor)
      .member("action", name(entry.action))
      .member("target", entry.target)
      .key("changed")
      .begin_array();
  for (const std::string& field : entry.changed) out.string(field);
  out.end_array()
      .member("request_id", entry.request_id)
      .member("address", entry.address)
      .end_object();
  return out.take();
}

/// The number that an entry's own text gives; nothing if it is no such text.
std::optional<std::uint64_t> number_in(const std::string& json) {
  const auto text = json::Text::parse(json);
  if (!text.ok()) return std::nullopt;
  const auto member = json::member(text->view(), "n");
  if (!member || json::kind(*member) != json::Kind::kNumber) return std::nullopt;
  const auto number = json::as_int(*member);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

}  // namespace

std::string audit_actor(const Principal& principal) {
  if (std::holds_alternative<Operator>(principal)) return "operator";
  const std::optional<UserId> user = user_of(principal);
  if (!user) return "nobody";
  const auto* token = std::get_if<TokenUser>(&principal);
  return (user->set() ? "user:" + user->to_string() : "operator") +
         (token == nullptr ? "" : " token:" + token->token.to_string());
}

AuditHead audit_origin(const Hasher& hasher, WorkspaceId workspace) {
  const auto id = workspace.bytes();
  std::string bytes(kOrigin);
  bytes.append(reinterpret_cast<const char*>(id.data()), id.size());
  return {0, hasher.hash(bytes)};
}

SealedEntry seal(const Hasher& hasher,
                 const AuditHead& last,
                 WorkspaceId workspace,
                 const AuditEntry& entry) {
  SealedEntry sealed;
  sealed.head.n = last.n + 1;
  sealed.json = to_json(sealed.head.n, workspace, entry);
  const Digest& before = last.n == 0 ? audit_origin(hasher, workspace).hash : last.hash;
  sealed.head.hash = link_hash(hasher, before, sealed.json);
  return sealed;
}

store::AuditLine audit_line(const Hasher& hasher, WorkspaceId workspace, AuditEntry entry) {
  const ProjectId project = entry.project.value_or(ProjectId{});
  return {workspace, project,
          [&hasher, workspace, entry = std::move(entry)](const AuditHead& last) {
            return seal(hasher, last, workspace, entry);
          }};
}

std::optional<AuditBreak> AuditCheck::next(const SealedEntry& entry) {
  const std::uint64_t n = last_.n + 1;
  const auto broken = [n](std::string why) { return AuditBreak{n, std::move(why)}; };
  if (entry.head.n > n) return broken("is missing.");
  if (entry.head.n < n) return broken("stands where another number should.");
  if (link_hash(hasher_, last_.hash, entry.json) != entry.head.hash) {
    return broken("is not what was written here.");
  }
  // Whoever takes an entry out may hash the rest anew, and forget what it says of itself.
  if (number_in(entry.json) != n) return broken("says another number of itself.");
  last_ = entry.head;
  return std::nullopt;
}

std::optional<AuditBreak> AuditCheck::end(const AuditHead& kept) const {
  if (last_.n < kept.n) return AuditBreak{last_.n + 1, "is missing, and all behind it."};
  if (last_.n > kept.n) return AuditBreak{kept.n + 1, "was put behind the end."};
  if (last_.hash != kept.hash) return AuditBreak{last_.n, "ends another chain."};
  return std::nullopt;
}

}  // namespace troupe::tenancy
