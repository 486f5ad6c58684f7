#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/json/text.h"
#include "runtime/llm/message.h"

namespace troupe::outward {

/// What a step of type `llm_call` asks: `{model, prompt | messages, system?, llm_params?,
/// response_schema?}` with its templates expanded. Messages are `{role, content}` with the roles
/// system, user and assistant; a content is a text, or parts `{type: "text", text}`,
/// `{type: "image_url", image_url: {url}}` or `{type: "image", media_type, data}` (base64). A text
/// that is a value of another kind is its JSON. kInvalidField names the field.
Result<llm::Question> question_of(std::string_view fields);

/// `{text, json?, usage, model, finish_reason}`; `json` is there if the text is one JSON value that
/// is an object or a list, alone or in one Markdown fence. The members of an object are there
/// beside it, so that graphs reach them directly; those five names win over them.
json::Text llm_result_of(const llm::Reply& reply);

/// The JSON value that a model's text is, as above; empty: it is none.
json::Text json_in(std::string_view text);

}  // namespace troupe::outward
