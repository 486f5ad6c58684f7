#include "adapters/nats/stream.h"

#include <charconv>
#include <memory>
#include <string_view>
#include <vector>

#include "adapters/nats/message.h"
#include "adapters/nats/subject.h"

namespace troupe::nats {
namespace {

constexpr std::string_view kConsumerPrefix = "troupe-";
constexpr std::int64_t kLookMs = 1000;  ///< for an answer to a question
constexpr std::int64_t kMakeMs = 3000;  ///< to something that the server writes to its disk

struct DestroyContext {
  void operator()(jsCtx* context) const { jsCtx_Destroy(context); }
};
using Context = std::unique_ptr<jsCtx, DestroyContext>;

/// The library's last error of this thread names the server's reason, and no secret: all that was
/// sent is our own configuration.
Error failed(natsStatus status, std::string_view doing) {
  Error error = error_of(status, doing);
  error.code = Code::kUnavailable;
  const char* const detail = nats_GetLastError(nullptr);
  if (detail != nullptr) error.message.append(" (").append(detail).append(")");
  return error;
}

jsOptions look_options() {
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = kLookMs;
  return options;
}

natsStatus make_stream(jsStreamInfo** info, jsCtx* context, const StreamOptions& options) {
  const char* subjects[] = {Stream::kSubjects};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = Stream::kName;
  config.Description = "Submissions to Troupe that wait for their run";
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  // What is acknowledged is a durable run, so nothing reads a message a second time; and there is
  // one consumer for all nodes.
  config.Retention = js_WorkQueuePolicy;
  config.Discard = js_DiscardNew;
  config.MaxBytes = options.bytes_max;
  config.Replicas = options.replicas;
  config.Duplicates = options.duplicate_window.us * 1000;
  jsErrCode code{};
  const natsStatus status = js_AddStream(info, context, &config, nullptr, &code);
  // Another node may have been faster.
  if (status == NATS_OK || code != JSStreamNameExistErr) return status;
  jsOptions look = look_options();
  return js_GetStreamInfo(info, context, Stream::kName, &look, &code);
}

natsStatus make_consumer(jsCtx* context, const std::string& name, const StreamOptions& options,
                         const std::function<bool()>& is_over) {
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = name.c_str();
  config.AckPolicy = js_AckExplicit;
  config.AckWait = options.ack_wait.us * 1000;
  // Never given up by the server: only we know whether trying on makes sense.
  config.MaxDeliver = -1;
  config.MaxAckPending = options.ack_pending_max;
  config.FilterSubject = Stream::kSubjects;
  jsErrCode code{};
  jsConsumerInfo* info = nullptr;
  jsOptions look = look_options();
  natsStatus status = js_GetConsumerInfo(&info, context, Stream::kName, name.c_str(), &look,
                                         &code);
  if (status != NATS_OK && code == JSConsumerNotFoundErr && !is_over()) {
    status = js_AddConsumer(&info, context, Stream::kName, &config, nullptr, &code);
  }
  jsConsumerInfo_Destroy(info);
  return status;
}

bool parse_number(std::string_view text, std::uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

}  // namespace

Result<Stream> ensure_stream(natsConnection* link, const StreamOptions& options,
                             const std::function<bool()>& is_over) {
  jsOptions js;
  jsOptions_Init(&js);
  js.Wait = kMakeMs;
  jsCtx* raw = nullptr;
  natsStatus status = natsConnection_JetStream(&raw, link, &js);
  const Context context(raw);
  if (status != NATS_OK) return failed(status, "JetStream");
  jsStreamInfo* info = nullptr;
  jsErrCode code{};
  jsOptions look = look_options();
  status = js_GetStreamInfo(&info, raw, Stream::kName, &look, &code);
  const bool is_missing = status != NATS_OK && code == JSStreamNotFoundErr;
  if (is_missing && !is_over()) status = make_stream(&info, raw, options);
  if (status != NATS_OK) return failed(status, "the stream TROUPE_ENQUEUE");
  Stream stream;
  stream.consumer = std::string(kConsumerPrefix) + std::to_string(info->Created);
  jsStreamInfo_Destroy(info);
  if (is_over()) return Error{Code::kUnavailable, "not wanted any more", {}};
  status = make_consumer(raw, stream.consumer, options, is_over);
  if (status != NATS_OK) return failed(status, "the consumer of TROUPE_ENQUEUE");
  return stream;
}

Result<Delivered> parse_delivered(std::string_view ack_subject) {
  // $JS.ACK.<stream>.<consumer>.<times>.<sequence>.<of the consumer>.<stored>.<pending>, with a
  // domain and an account before the stream where there are more than nine, and more behind.
  const std::vector<std::string_view> tokens = tokens_of(ack_subject);
  const std::size_t skipped = tokens.size() >= 11 ? 2 : 0;
  Delivered delivered;
  const bool is_ack = tokens.size() >= 9 && tokens[0] == "$JS" && tokens[1] == "ACK";
  if (!is_ack || !parse_number(tokens[skipped + 4], delivered.times) ||
      !parse_number(tokens[skipped + 5], delivered.sequence) ||
      !parse_number(tokens[skipped + 7], delivered.stored_ns)) {
    return {Code::kInvalidRequest, "The message has not come out of a stream."};
  }
  std::string_view consumer = tokens[skipped + 3];
  if (consumer.substr(0, kConsumerPrefix.size()) != kConsumerPrefix ||
      !parse_number(consumer.substr(kConsumerPrefix.size()), delivered.stream_made_ns)) {
    return {Code::kInvalidRequest, "The message has not come by our consumer."};
  }
  return delivered;
}

std::string key_of(const Delivered& delivered) {
  return "enqueue:" + std::to_string(delivered.stream_made_ns) + ":" +
         std::to_string(delivered.sequence) + ":" + std::to_string(delivered.stored_ns);
}

}  // namespace troupe::nats
