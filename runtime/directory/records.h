#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/directory/context.h"
#include "runtime/port/store.h"
#include "runtime/tenancy/project_roster.h"
#include "runtime/tenancy/roster.h"

namespace troupe::directory {

// What is stored of each, and as which document. `decode` is kCorrupt for what this version did not
// write.

struct User {
  UserId id;
  std::string email;  ///< as `check_email` gives it; the document's key
  std::string name;
  std::string password_hash;  ///< empty: signs in otherwise
  TimePoint created;
  TimePoint verified;  ///< the address has been shown to be his; unset: not yet
  TimePoint disabled;  ///< nobody comes in as him since then; unset: he may
};
struct Session {
  SessionId id;
  UserId user;
  std::string key;  ///< `secret_key` of its token
  std::string address;
  TimePoint created, expires;
};
struct AccessToken {
  TokenId id;
  UserId user;  ///< unset: the operator made it
  std::string key;    ///< `secret_key` of its text
  std::string name;
  std::string shown;  ///< the part of its text that lists show
  tenancy::TokenLimits limits;
  TimePoint created;
};
/// As whom a user signs in at an identity provider.
struct Identity {
  Uuid id;
  UserId user;
  std::string key;  ///< `identity_key` of issuer and subject
  std::string issuer;
  std::string email;  ///< as the provider told it when they were connected
  TimePoint created;
};
/// A sign-in whose user is at the identity provider. Secret texts are kept as their hashes.
struct SignInAttempt {
  Uuid id;              ///< `attempt_id` of its state
  std::string browser;  ///< `secret_key` of the cookie of the browser that began it
  UserId user;          ///< who connects an identity; unset: whoever comes back signs in
  std::string return_to;  ///< a path of ours; empty: the answer is the session
  std::string workspace;  ///< slug for a new one; empty: one is made up
  TimePoint created, expires;
};
/// What a letter to a user asks him to do by sending the token in it.
enum class MailPurpose : std::uint8_t { kResetPassword, kVerifyAddress };
std::string_view name(MailPurpose purpose);
struct MailToken {
  Uuid id;
  UserId user;
  std::string key;  ///< `secret_key` of its text
  MailPurpose purpose = MailPurpose::kResetPassword;
  std::string email;  ///< where it went
  TimePoint created, expires;
};
/// What a workspace is set to, beside its row.
struct WorkspaceSettings {
  WorkspaceId workspace;
  std::optional<std::uint32_t> seats_max;
};
struct Environment {
  Uuid id;
  WorkspaceId workspace;
  std::string slug;  ///< the document's key
  std::string name;
  std::string colour;
  bool is_protected = false;  ///< cannot be deleted, keeps its slug
  TimePoint created;
  std::uint64_t etag = 0;
};
struct Secret {
  Uuid id;
  WorkspaceId workspace;
  ProjectId project;  ///< unset: of the workspace
  std::string path;   ///< the document's key
  std::string description;
  std::uint64_t version = 0;      ///< of its value
  std::uint32_t key_version = 0;  ///< of the data key that it is sealed under
  std::string sealed;
  TimePoint created, updated;
  std::uint64_t etag = 0;
};
/// A data key as it is kept: wrapped under a master key.
struct WrappedDataKey {
  WorkspaceId workspace;
  std::uint32_t version = 0;
  std::string wrapped;
  TimePoint created;
};

store::Document encode(const User& user);
store::Document encode(const Session& session);
store::Document encode(const AccessToken& token);
store::Document encode(const Identity& identity);
store::Document encode(const MailToken& token);
store::Document encode(const SignInAttempt& attempt);
store::Document encode(const WorkspaceSettings& settings);
store::Document encode(const Environment& environment);
store::Document encode(const Secret& secret);
store::Document encode(const Hasher& hasher, const WrappedDataKey& key);
store::Document encode(const Hasher& hasher, WorkspaceId workspace, const tenancy::Member& member);
/// How long an invite that was answered or is overdue stays to be seen.
inline constexpr Duration kEndedInviteShown = seconds(2'592'000);  ///< 30 days
/// An invite is found by its token alone, whoever's it is: its document belongs to no workspace and
/// is owned by the one that it invites to.
store::Document encode(WorkspaceId workspace, const tenancy::Invite& invite, std::string key);
store::Document encode(const Hasher& hasher,
                       WorkspaceId workspace,
                       ProjectId project,
                       const tenancy::ProjectMember& member,
                       TimePoint now);

Result<User> decode_user(const store::Document& document);
Result<Session> decode_session(const store::Document& document);
Result<AccessToken> decode_token(const store::Document& document);
Result<Identity> decode_identity(const store::Document& document);
Result<MailToken> decode_mail_token(const store::Document& document);
Result<SignInAttempt> decode_attempt(const store::Document& document);
Result<WorkspaceSettings> decode_settings(const store::Document& document);
Result<Environment> decode_environment(const store::Document& document);
Result<Secret> decode_secret(const store::Document& document);
Result<WrappedDataKey> decode_data_key(const store::Document& document);
Result<tenancy::Member> decode_member(const store::Document& document);
Result<tenancy::Invite> decode_invite(const store::Document& document);
Result<tenancy::ProjectMember> decode_project_member(const store::Document& document);

Uuid member_id(const Hasher& hasher, WorkspaceId workspace, UserId user);
Uuid project_member_id(const Hasher& hasher, ProjectId project, UserId user);

/// What each document of a list is, in its order; the first that does not decode ends it.
template <class Record>
Result<std::vector<Record>> decode_all(const Result<std::vector<store::Document>>& rows,
                                       Result<Record> (*decode)(const store::Document&)) {
  if (!rows) return rows.error();
  std::vector<Record> records;
  records.reserve(rows->size());
  for (const store::Document& row : *rows) {
    auto record = decode(row);
    if (!record) return record.error();
    records.push_back(*std::move(record));
  }
  return records;
}

/// By id; nothing if there is none.
Result<std::optional<User>> find_user(store::Documents& documents, UserId id);
Result<std::optional<User>> find_user_of(store::Documents& documents, std::string_view email);
Result<std::optional<tenancy::Member>> find_member(store::Documents& documents,
                                                   const Hasher& hasher,
                                                   WorkspaceId workspace,
                                                   UserId user);
/// Members of a workspace, whatever their state, and its pending invites.
Result<tenancy::Roster> roster_of(store::Documents& documents, WorkspaceId workspace);
Result<tenancy::ProjectRoster> roster_of(store::Documents& documents,
                                         WorkspaceId workspace,
                                         ProjectId project);

}  // namespace troupe::directory
