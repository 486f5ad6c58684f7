#include <string>
#include <string_view>

#include "adapters/system/hasher.h"
#include "runtime/base/ensure.h"
#include "runtime/directory/records.h"
#include "runtime/directory/secrets.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

using store::Document;

const system::Blake2bHasher kHasher;
constexpr TimePoint kCreated{1'700'000'000'000'000};

/// What is read can be written so that it reads the same, or it is kCorrupt.
template <class Decode, class Encode>
void read(const Document& document, Decode decode, Encode encode) {
  const auto record = decode(document);
  if (!record) {
    TROUPE_ENSURE(record.error().code == Code::kCorrupt);
    return;
  }
  const Document written = encode(*record);
  const auto again = decode(written);
  TROUPE_ENSURE(again.ok());
  TROUPE_ENSURE(encode(*again).body == written.body);
}

Document document_with(std::string_view body) {
  Document document;
  document.id = Uuid{1, 1};
  document.workspace = WorkspaceId(Uuid{2, 2});
  document.project = ProjectId(Uuid{3, 3});
  document.key = "key";
  document.owner = Uuid{4, 4};
  document.created = document.updated = kCreated;
  document.body = body;
  return document;
}

}  // namespace

// The bodies of the control plane's documents, each read as every kind of record there is.
void fuzz_document(std::string_view bytes) {
  namespace d = directory;
  const Document document = document_with(bytes);
  const auto plain = [](const auto& record) { return d::encode(record); };
  read(document, d::decode_user, plain);
  read(document, d::decode_session, plain);
  read(document, d::decode_token, plain);
  read(document, d::decode_settings, plain);
  read(document, d::decode_environment, plain);
  read(document, d::decode_secret, plain);
  read(document, d::decode_data_key, [](const auto& key) { return d::encode(kHasher, key); });
  read(document, d::decode_member, [&](const auto& member) {
    return d::encode(kHasher, document.workspace, member);
  });
  read(document, d::decode_invite, [&](const auto& invite) {
    return d::encode(document.workspace, invite, document.key);
  });
  read(document, d::decode_project_member, [&](const auto& member) {
    return d::encode(kHasher, document.workspace, document.project, member, kCreated);
  });
  // The smallest token is never wider than its document says.
  const auto token = d::decode_token(document);
  if (token && token->limits.binding) TROUPE_ENSURE(token->limits.binding->workspace.set());
  const Status path = d::check_secret_path(bytes);
  TROUPE_ENSURE(path.ok() || path.error().code == Code::kInvalidField);
}

}  // namespace troupe::fuzz
