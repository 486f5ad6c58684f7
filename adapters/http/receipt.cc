#include "adapters/http/receipt.h"

#include "runtime/base/bytes.h"
#include "runtime/directory/codec.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

constexpr std::size_t kKeyBytesMax = 255;

std::string hex_of(const Digest& digest) {
  return directory::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

using Found = std::optional<store::Document>;

}  // namespace

std::optional<std::string> idempotency_key(const CallPtr& call) {
  const std::string_view key = call->header("idempotency-key");
  if (key.size() <= kKeyBytesMax) return std::string(key);
  call->fail(Code::kInvalidRequest, "Idempotency-Key is longer than 255 bytes.");
  return std::nullopt;
}

Digest request_digest(const CallPtr& call) {
  return call->core.services.hasher.hash(json::compact(call->body.view()));
}

std::optional<MadeOnce> MadeOnce::of(const CallPtr& call) {
  const auto key = idempotency_key(call);
  if (!key) return std::nullopt;
  MadeOnce once;
  if (key->empty()) return once;
  once.request_ = request_digest(call);
  once.receipt_.kind = store::DocumentKind::kIdempotencyKey;
  once.receipt_.workspace = call->scope.workspace;
  once.receipt_.project = call->scope.project.value_or(ProjectId{});
  once.receipt_.created = once.receipt_.updated = call->core.services.clock.now();
  ByteWriter name;
  name.uuid(once.receipt_.workspace);
  name.uuid(once.receipt_.project);
  name.text(call->match.route->pattern);
  name.text(call->param("id"));
  name.text(*key);
  once.receipt_.id = Uuid::v8(call->core.services.hasher.hash(name.bytes()));
  return once;
}

std::function<store::Document(std::int32_t)> MadeOnce::receipt_for(const Uuid& made) const {
  if (!receipt_.id.set()) return {};
  return [row = receipt_, request = hex_of(request_), made](std::int32_t version) {
    store::Document receipt = row;
    json::Writer out;
    out.begin_object().member("request", request).member("made", made.to_string());
    receipt.body = out.member("version", version).end_object().take_text().view();
    return receipt;
  };
}

void MadeOnce::look(const CallPtr& call, std::function<void()> first,
                    std::function<void(const Receipt&)> again) const {
  if (!receipt_.id.set()) return first();
  read_store<Found>(
      call,
      [receipt = receipt_](store::Reader& reader) {
        const auto scope = store::DocumentScope::of(receipt.workspace);
        return reader.documents(scope).find(receipt.kind, receipt.id);
      },
      [call, request = hex_of(request_), first = std::move(first),
       again = std::move(again)](const Found& found) {
        if (!found) return first();
        directory::Fields fields(*found);
        if (fields.text("request") != request) {
          return call->fail(Code::kIdempotencyMismatch,
                            "This key was used with another request.");
        }
        again({fields.id<Uuid>("made"), fields.count<std::int32_t>("version")});
      });
}

void MadeOnce::failed(const CallPtr& call, const Error& error,
                      std::function<void(const Error&)> fail,
                      std::function<void(const Receipt&)> again) const {
  if (!receipt_.id.set() || error.code != Code::kConflict) return fail(error);
  look(call, [fail = std::move(fail), error] { fail(error); }, std::move(again));
}

}  // namespace troupe::http
