#include "runtime/directory/records.h"

#include <utility>

#include "runtime/directory/codec.h"
#include "runtime/json/write.h"

namespace troupe::directory {
namespace {

using store::Document;
using store::DocumentKind;

Document document_of(DocumentKind kind, const Uuid& id, TimePoint created) {
  Document document;
  document.kind = kind;
  document.id = id;
  document.created = document.updated = created;
  return document;
}

template <class AnyId>
std::string text_of(const AnyId& id) {
  return id.set() ? id.to_string() : std::string();
}

/// What a decoder has read, if all of it was there.
template <class Record>
Result<Record> whole(const Fields& fields, Record record) {
  if (Status read = fields.status(); !read) return read.error();
  return record;
}

template <class Record, class Decode>
Result<std::optional<Record>> decoded(Result<std::optional<Document>> found, Decode decode) {
  if (!found) return found.error();
  if (!*found) return std::optional<Record>();
  auto record = decode(**found);
  if (!record) return record.error();
  return std::optional(*std::move(record));
}

}  // namespace

Uuid member_id(const Hasher& hasher, WorkspaceId workspace, UserId user) {
  return id_of_pair(hasher, "troupe member\n", workspace, user);
}

Uuid project_member_id(const Hasher& hasher, ProjectId project, UserId user) {
  return id_of_pair(hasher, "troupe project member\n", project, user);
}

Document encode(const User& user) {
  Document document = document_of(DocumentKind::kUser, user.id, user.created);
  document.key = user.email;
  document.owner = user.id;
  document.body = json::Writer()
                      .begin_object()
                      .member("name", user.name)
                      .member("password_hash", user.password_hash)
                      .member("verified", user.verified.us)
                      .member("disabled", user.disabled.us)
                      .end_object()
                      .take();
  return document;
}

Result<User> decode_user(const Document& document) {
  Fields fields(document);
  return whole(fields, User{.id = UserId(document.id),
                            .email = document.key,
                            .name = fields.text("name"),
                            .password_hash = fields.text("password_hash"),
                            .created = document.created,
                            .verified = fields.time_if_any("verified"),
                            .disabled = fields.time_if_any("disabled")});
}

Document encode(const Session& session) {
  Document document = document_of(DocumentKind::kSession, session.id, session.created);
  document.key = session.key;
  document.owner = session.user;
  document.expires = session.expires;
  document.body =
      json::Writer().begin_object().member("address", session.address).end_object().take();
  return document;
}

Result<Session> decode_session(const Document& document) {
  Fields fields(document);
  return whole(fields, Session{.id = SessionId(document.id),
                               .user = UserId(document.owner),
                               .key = document.key,
                               .address = fields.text("address"),
                               .created = document.created,
                               .expires = document.expires});
}

Document encode(const AccessToken& token) {
  Document document = document_of(DocumentKind::kAccessToken, token.id, token.created);
  document.key = token.key;
  document.owner = token.user;
  document.expires = token.limits.expires;
  const auto& binding = token.limits.binding;
  json::Writer out;
  out.begin_object()
      .member("name", token.name)
      .member("shown", token.shown)
      .member("scopes", token.limits.scopes.to_string())
      .member("workspace", binding ? text_of(binding->workspace) : "")
      .member("project", binding && binding->project ? text_of(*binding->project) : "")
      .end_object();
  document.body = out.take();
  return document;
}

Result<AccessToken> decode_token(const Document& document) {
  Fields fields(document);
  AccessToken token{.id = TokenId(document.id),
                    .user = UserId(document.owner),
                    .key = document.key,
                    .name = fields.text("name"),
                    .shown = fields.text("shown"),
                    .limits = {},
                    .created = document.created};
  const auto scopes = tenancy::Scopes::parse(fields.text("scopes"));
  token.limits.scopes = fields.known(scopes ? std::optional(*scopes) : std::nullopt);
  token.limits.expires = document.expires;
  const auto workspace = fields.id<WorkspaceId>("workspace");
  const auto project = fields.id<ProjectId>("project");
  if (workspace.set()) {
    token.limits.binding =
        tenancy::Binding{workspace, project.set() ? std::optional(project) : std::nullopt};
  } else if (project.set()) {
    fields.reject();  // or what was bound to a project would be bound to nothing
  }
  return whole(fields, std::move(token));
}

Document encode(const Identity& identity) {
  Document document = document_of(DocumentKind::kIdentity, identity.id, identity.created);
  document.key = identity.key;
  document.owner = identity.user;
  document.body = json::Writer()
                      .begin_object()
                      .member("issuer", identity.issuer)
                      .member("email", identity.email)
                      .end_object()
                      .take();
  return document;
}

Result<Identity> decode_identity(const Document& document) {
  Fields fields(document);
  return whole(fields, Identity{.id = document.id,
                                .user = UserId(document.owner),
                                .key = document.key,
                                .issuer = fields.text("issuer"),
                                .email = fields.text("email"),
                                .created = document.created});
}

std::string_view name(MailPurpose purpose) {
  return purpose == MailPurpose::kResetPassword ? "reset_password" : "verify_address";
}

Document encode(const MailToken& token) {
  Document document = document_of(DocumentKind::kMailToken, token.id, token.created);
  document.key = token.key;
  document.owner = token.user;
  document.expires = token.expires;
  document.body = json::Writer()
                      .begin_object()
                      .member("purpose", name(token.purpose))
                      .member("email", token.email)
                      .end_object()
                      .take();
  return document;
}
Result<MailToken> decode_mail_token(const Document& document) {
  Fields fields(document);
  const std::string purpose = fields.text("purpose");
  MailToken token{.id = document.id,
                  .user = UserId(document.owner),
                  .key = document.key,
                  .purpose = MailPurpose::kResetPassword,
                  .email = fields.text("email"),
                  .created = document.created,
                  .expires = document.expires};
  if (purpose == name(MailPurpose::kVerifyAddress)) token.purpose = MailPurpose::kVerifyAddress;
  else if (purpose != name(MailPurpose::kResetPassword)) fields.reject();
  return whole(fields, std::move(token));
}

Document encode(const SignInAttempt& attempt) {
  Document document = document_of(DocumentKind::kSignInAttempt, attempt.id, attempt.created);
  document.owner = attempt.user;
  document.expires = attempt.expires;
  document.body = json::Writer()
                      .begin_object()
                      .member("browser", attempt.browser)
                      .member("return_to", attempt.return_to)
                      .member("workspace", attempt.workspace)
                      .end_object()
                      .take();
  return document;
}

Result<SignInAttempt> decode_attempt(const Document& document) {
  Fields fields(document);
  return whole(fields, SignInAttempt{.id = document.id,
                                     .browser = fields.text("browser"),
                                     .user = UserId(document.owner),
                                     .return_to = fields.text("return_to"),
                                     .workspace = fields.text("workspace"),
                                     .created = document.created,
                                     .expires = document.expires});
}

Document encode(const WorkspaceSettings& settings) {
  Document document = document_of(DocumentKind::kWorkspaceSettings, settings.workspace, {1});
  document.workspace = settings.workspace;
  document.body = json::Writer()
                      .begin_object()
                      .member("seats_limited", settings.seats_max.has_value())
                      .member("seats_max", settings.seats_max.value_or(0))
                      .end_object()
                      .take();
  return document;
}

Result<WorkspaceSettings> decode_settings(const Document& document) {
  Fields fields(document);
  WorkspaceSettings settings{document.workspace, {}};
  const bool is_limited = fields.flag("seats_limited");
  const auto seats = fields.count<std::uint32_t>("seats_max");
  if (is_limited) settings.seats_max = seats;
  return whole(fields, settings);
}

Document encode(const Environment& environment) {
  Document document =
      document_of(DocumentKind::kEnvironment, environment.id, environment.created);
  document.workspace = environment.workspace;
  document.key = environment.slug;
  document.body = json::Writer()
                      .begin_object()
                      .member("name", environment.name)
                      .member("colour", environment.colour)
                      .member("protected", environment.is_protected)
                      .end_object()
                      .take();
  return document;
}

Result<Environment> decode_environment(const Document& document) {
  Fields fields(document);
  return whole(fields, Environment{.id = document.id,
                                   .workspace = document.workspace,
                                   .slug = document.key,
                                   .name = fields.text("name"),
                                   .colour = fields.text("colour"),
                                   .is_protected = fields.flag("protected"),
                                   .created = document.created,
                                   .etag = document.etag});
}

Document encode(const Secret& secret) {
  Document document = document_of(DocumentKind::kSecret, secret.id, secret.created);
  document.workspace = secret.workspace;
  document.project = secret.project;
  document.key = secret.path;
  document.updated = secret.updated;
  document.body = json::Writer()
                      .begin_object()
                      .member("description", secret.description)
                      .member("version", secret.version)
                      .member("key_version", secret.key_version)
                      .member("sealed", to_hex(secret.sealed))
                      .end_object()
                      .take();
  return document;
}

Result<Secret> decode_secret(const Document& document) {
  Fields fields(document);
  return whole(
      fields,
      Secret{.id = document.id,
             .workspace = document.workspace,
             .project = document.project,
             .path = document.key,
             .description = fields.text("description"),
             .version = fields.count<std::uint64_t>("version"),
             .key_version = fields.count<std::uint32_t>("key_version"),
             .sealed = fields.bytes("sealed"),
             .created = document.created,
             .updated = document.updated,
             .etag = document.etag});
}

Document encode(const Hasher& hasher, const WrappedDataKey& key) {
  const std::string name = "v" + std::to_string(key.version);
  const Uuid id = id_of_pair(hasher, "troupe data key\n", key.workspace, Uuid{0, key.version});
  Document document = document_of(DocumentKind::kDataKey, id, key.created);
  document.workspace = key.workspace;
  document.key = name;
  document.body = json::Writer()
                      .begin_object()
                      .member("version", key.version)
                      .member("wrapped", to_hex(key.wrapped))
                      .end_object()
                      .take();
  return document;
}

Result<WrappedDataKey> decode_data_key(const Document& document) {
  Fields fields(document);
  return whole(fields,
               WrappedDataKey{.workspace = document.workspace,
                              .version = fields.count<std::uint32_t>("version"),
                              .wrapped = fields.bytes("wrapped"),
                              .created = document.created});
}

Document encode(const Hasher& hasher, WorkspaceId workspace, const tenancy::Member& member) {
  Document document = document_of(DocumentKind::kMember,
                                  member_id(hasher, workspace, member.user), member.since);
  document.workspace = workspace;
  document.key = member.user.to_string();
  document.owner = member.user;
  document.body = json::Writer()
                      .begin_object()
                      .member("email", member.email)
                      .member("role", tenancy::name(member.role))
                      .member("owner", tenancy::is_owner(member.role))
                      .member("state", tenancy::name(member.state))
                      .member("since", member.since.us)
                      .end_object()
                      .take();
  return document;
}

Result<tenancy::Member> decode_member(const Document& document) {
  Fields fields(document);
  tenancy::Member member;
  member.user = UserId(document.owner);
  member.email = fields.text("email");
  const std::string role = fields.text("role");
  member.role = fields.known(tenancy::parse_workspace_role(role, fields.flag("owner")));
  member.since = fields.time("since");
  const std::string state = fields.text("state");
  std::optional<tenancy::MemberState> known;
  for (const auto one : {tenancy::MemberState::kActive, tenancy::MemberState::kDeactivated,
                         tenancy::MemberState::kRemoved}) {
    if (tenancy::name(one) == state) known = one;
  }
  member.state = fields.known(known);
  return whole(fields, std::move(member));
}

Document encode(WorkspaceId workspace, const tenancy::Invite& invite, std::string key) {
  Document document = document_of(DocumentKind::kInvite, invite.id, invite.created);
  document.owner = workspace;
  document.key = std::move(key);
  const bool is_pending = invite.state == tenancy::InviteState::kPending;
  document.expires = (is_pending ? invite.expires : invite.decided) + kEndedInviteShown;
  document.body = json::Writer()
                      .begin_object()
                      .member("email", invite.email)
                      .member("role", tenancy::name(invite.role))
                      .member("owner", tenancy::is_owner(invite.role))
                      .member("state", tenancy::name(invite.state))
                      .member("invited_by", text_of(invite.invited_by))
                      .member("expires", invite.expires.us)
                      .member("decided", invite.decided.us)
                      .end_object()
                      .take();
  return document;
}

Result<tenancy::Invite> decode_invite(const Document& document) {
  Fields fields(document);
  tenancy::Invite invite;
  invite.id = InviteId(document.id);
  invite.email = fields.text("email");
  const std::string role = fields.text("role");
  invite.role = fields.known(tenancy::parse_workspace_role(role, fields.flag("owner")));
  invite.state = fields.known(tenancy::parse_invite_state(fields.text("state")));
  invite.invited_by = fields.id<UserId>("invited_by");
  invite.created = document.created;
  invite.expires = fields.time("expires");
  invite.decided = fields.time("decided");
  return whole(fields, std::move(invite));
}

Document encode(const Hasher& hasher,
                WorkspaceId workspace,
                ProjectId project,
                const tenancy::ProjectMember& member,
                TimePoint now) {
  Document document = document_of(DocumentKind::kProjectMember,
                                  project_member_id(hasher, project, member.user), now);
  document.workspace = workspace;
  document.project = project;
  document.key = member.user.to_string();
  document.owner = member.user;
  document.body = json::Writer()
                      .begin_object()
                      .member("role", tenancy::name(member.role))
                      .end_object()
                      .take();
  return document;
}

Result<tenancy::ProjectMember> decode_project_member(const Document& document) {
  Fields fields(document);
  tenancy::ProjectMember member;
  member.user = UserId(document.owner);
  member.role = fields.known(tenancy::parse_project_role(fields.text("role")));
  return whole(fields, member);
}

Result<std::optional<User>> find_user(store::Documents& documents, UserId id) {
  return decoded<User>(documents.find(DocumentKind::kUser, id), decode_user);
}

Result<std::optional<User>> find_user_of(store::Documents& documents, std::string_view email) {
  return decoded<User>(documents.find_by_key(DocumentKind::kUser, {}, {}, email), decode_user);
}

Result<std::optional<tenancy::Member>> find_member(store::Documents& documents,
                                                   const Hasher& hasher,
                                                   WorkspaceId workspace,
                                                   UserId user) {
  const Uuid id = member_id(hasher, workspace, user);
  return decoded<tenancy::Member>(documents.find(DocumentKind::kMember, id), decode_member);
}

Result<tenancy::Roster> roster_of(store::Documents& documents, WorkspaceId workspace) {
  tenancy::Roster roster;
  auto members =
      decode_all(documents.all({DocumentKind::kMember, workspace, {}, {}}), decode_member);
  if (!members) return members.error();
  roster.members = *std::move(members);
  auto invites =
      decode_all(documents.all({DocumentKind::kInvite, {}, {}, Uuid(workspace)}), decode_invite);
  if (!invites) return invites.error();
  for (tenancy::Invite& invite : *invites) {
    if (invite.state == tenancy::InviteState::kPending) roster.invites.push_back(std::move(invite));
  }
  const auto settings = documents.find(DocumentKind::kWorkspaceSettings, workspace);
  if (!settings) return settings.error();
  if (*settings) {
    const auto known = decode_settings(**settings);
    if (!known) return known.error();
    roster.seats_max = known->seats_max;
  }
  return roster;
}

Result<tenancy::ProjectRoster> roster_of(store::Documents& documents,
                                         WorkspaceId workspace,
                                         ProjectId project) {
  auto members = decode_all(
      documents.all({DocumentKind::kProjectMember, workspace, project, {}}), decode_project_member);
  if (!members) return members.error();
  return tenancy::ProjectRoster{*std::move(members)};
}

}  // namespace troupe::directory
