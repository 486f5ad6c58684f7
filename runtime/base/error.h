#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// The registry of every code that a caller of Troupe can meet. A code exists only if some caller
// reacts to it differently. Each has a page in deploy/errors/<name>.md (a test checks that).
//   X(enumerator, name on the wire, HTTP status, transient: a retry may succeed, title)
#define TROUPE_CODES(X)                                                                          \
  /* requests */                                                                                 \
  X(kInvalidJson, "invalid_json", 400, false, "The text is not valid JSON")                      \
  X(kInvalidRequest, "invalid_request", 400, false, "The request is malformed")                  \
  X(kUnauthorized, "unauthorized", 401, false, "A valid token is needed")                        \
  X(kForbidden, "forbidden", 403, false, "The caller may not do this")                           \
  X(kNotFound, "not_found", 404, false, "There is no such thing here")                           \
  X(kMethodNotAllowed, "method_not_allowed", 405, false, "This path has other methods")          \
  X(kRequestTimeout, "request_timeout", 408, true, "The request came too slowly")                \
  X(kConflict, "conflict", 409, false, "The state does not allow this")                          \
  X(kNotPublished, "not_published", 409, false, "The workflow has no published version")         \
  X(kRunEnded, "run_ended", 409, false, "The run has ended")                                     \
  X(kTaskCompleted, "task_completed", 409, false, "The task has been decided already")           \
  X(kPreconditionFailed, "precondition_failed", 412, false, "The draft has changed since")       \
  X(kPayloadTooLarge, "payload_too_large", 413, false, "The body is over its limit")             \
  X(kUnsupportedMediaType, "unsupported_media_type", 415, false, "The body must be JSON")        \
  X(kValidationFailed, "validation_failed", 422, false, "The content is not valid")              \
  X(kIdempotencyMismatch, "idempotency_mismatch", 422, false,                                    \
    "The key was used with another body")                                                        \
  X(kAnswerInvalid, "answer_invalid", 422, false, "The answer does not fit the task's form")     \
  X(kPreconditionRequired, "precondition_required", 428, false, "If-Match is needed")            \
  X(kRateLimited, "rate_limited", 429, true, "Too many requests")                                \
  X(kHeadersTooLarge, "headers_too_large", 431, false, "The header is over its limit")           \
  X(kInternal, "internal", 500, false, "A bug in Troupe")                                        \
  X(kOverloaded, "overloaded", 503, true, "A queue is full")                                     \
  X(kUnavailable, "unavailable", 503, true, "A dependency is not available")                     \
  X(kStorageFull, "storage_full", 507, true, "There is no room to store this")                   \
  /* store */                                                                                    \
  X(kStaleEpoch, "stale_epoch", 503, true, "Another node owns this now")                         \
  X(kOutcomeUnknown, "outcome_unknown", 503, true, "It is unknown whether the commit landed")    \
  X(kCorrupt, "corrupt", 500, false, "Stored bytes do not have their checksum")                  \
  X(kDataDirHeld, "data_dir_held", 409, false, "Another process holds the data directory")       \
  X(kConfigInvalid, "config_invalid", 422, false, "The configuration is not valid")              \
  /* runs */                                                                                     \
  X(kLuaError, "lua_error", 422, false, "The script raised an error")                            \
  X(kLuaMemory, "lua_memory", 422, false, "The script used more memory than it may")             \
  X(kLuaOutput, "lua_output", 422, false, "The script printed or returned more than it may")     \
  X(kResultNotTable, "result_not_table", 422, false, "The script did not return a table")        \
  X(kResultNotJson, "result_not_json", 422, false, "The result cannot be written as JSON")       \
  X(kResultTooLarge, "result_too_large", 422, false, "The result is over its limit")             \
  X(kSandboxLost, "sandbox_lost", 503, true, "The process that ran the script ended")            \
  X(kTimeout, "timeout", 504, true, "The time allowed has passed")                               \
  X(kTemplateUnresolved, "template_unresolved", 422, false, "A template names a missing value")  \
  X(kTemplateType, "template_type", 422, false, "A template gave a value of the wrong type")     \
  X(kItemsNotList, "items_not_list", 422, false, "for_each_items is not a list")                 \
  X(kItemFailed, "item_failed", 422, false, "An item of the loop failed")                        \
  X(kLoopConditionInvalid, "loop_condition_invalid", 422, false, "The loop's test gave no pass") \
  X(kTaskRejected, "task_rejected", 422, false, "The human task was rejected")                   \
  X(kChildRunFailed, "child_run_failed", 422, false, "The child run did not complete")           \
  X(kWorkerFailed, "worker_failed", 502, true, "The worker reported a failure")                  \
  X(kDepthExceeded, "depth_exceeded", 422, false, "Workflows call each other too deeply")        \
  X(kInDoubt, "in_doubt", 409, false, "It is unknown whether the effect happened")               \
  X(kDrainTimeout, "DRAIN_TIMEOUT", 409, false, "A graceful stop ran out of time")               \
  X(kRunStopped, "run_stopped", 409, false, "The run was stopped")                               \
  X(kQuarantined, "quarantined", 500, false, "The run was set aside after repeated crashes")     \
  /* validation of graphs (dry-run) */                                                           \
  X(kDuplicateId, "duplicate_id", 422, false, "Two steps have the same id")                      \
  X(kDanglingDependency, "dangling_dependency", 422, false, "depends_on names no step")          \
  X(kCycle, "cycle", 422, false, "Steps depend on each other in a circle")                       \
  X(kUnknownType, "unknown_type", 422, false, "There is no such step type")                      \
  X(kStepTypeUnavailable, "step_type_unavailable", 422, false, "This step type does not run yet") \
  X(kLegacyShape, "legacy_shape", 422, false, "This shape is no longer accepted")                \
  X(kMissingField, "missing_field", 422, false, "A needed field is missing")                     \
  X(kInvalidField, "invalid_field", 422, false, "A field has a wrong value")                     \
  X(kUnknownField, "unknown_field", 422, false, "A field is not known")                          \
  X(kTemplateSyntax, "template_syntax", 422, false, "A template cannot be parsed")               \
  X(kTemplateNotUpstream, "template_not_upstream", 422, false,                                   \
    "A template reads a step that may not have run")                                             \
  X(kTemplateUnknownStep, "template_unknown_step", 422, false, "A template names no step")       \
  X(kInputMissing, "input_missing", 422, false, "The input lacks a value that a template reads") \
  X(kLuaSyntax, "lua_syntax", 422, false, "The script cannot be compiled")                       \
  X(kSchemaInvalid, "schema_invalid", 422, false, "The JSON Schema is not valid")                \
  X(kMcpTargetMissing, "mcp_target_missing", 422, false, "No MCP server has this tool")          \
  X(kLimitExceeded, "limit_exceeded", 422, false, "A limit is exceeded")                         \
  X(kUpstreamFailed, "upstream_failed", 502, true, "A service outside reported a failure")       \
  /* models and connections */                                                                   \
  X(kModelNotConfigured, "model_not_configured", 422, false, "No provider key serves this model") \
  X(kModelRequestRefused, "model_request_refused", 422, false, "The provider refused the request") \
  X(kResponseInvalid, "response_invalid", 422, false, "The model's answer is not as its schema") \
  X(kCredentialMissing, "credential_missing", 422, false, "There is no such credential here")

enum class Code : std::uint8_t {
#define X(enumerator, name, status, transient, title) enumerator,
  TROUPE_CODES(X)
#undef X
};

/// What the registry says about a code.
struct CodeInfo {
  std::string_view name;
  int http_status;
  bool transient;
  std::string_view title;
};

const CodeInfo& info(Code code);
std::optional<Code> parse_code(std::string_view name);

/// One finding inside an invalid document: where (JSON pointer), what.
struct Issue {
  Code code;
  std::string step;     ///< id of the step it concerns, or empty
  std::string pointer;  ///< JSON pointer into the document
  std::string message;
  bool warning = false;
};

/// An operating error: what a caller sees. `message` is a sentence for a person.
struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::vector<Issue> issues;  ///< details with positions, where there are any
  /// What callers are told where the message is for whoever runs the installation alone, such as
  /// the words of a database. Empty: the message will do.
  std::string told;
};

}  // namespace troupe
