#pragma once

#include <string_view>

// The parsers at the edge: each function takes any bytes, lets its parser read them, and ends the
// process if a promise of that parser is broken. libFuzzer calls them with what it invents
// (libfuzzer.cc), the ordinary build with what is in corpus/ and mutations of that (fuzz_test.cc).
namespace troupe::fuzz {

// From outside: requests, workflows, scripts, files of the operator.
void fuzz_config(std::string_view bytes);
void fuzz_credential(std::string_view bytes);
void fuzz_graph(std::string_view bytes);
void fuzz_json(std::string_view bytes);
void fuzz_llm(std::string_view bytes);
void fuzz_lua(std::string_view bytes);
void fuzz_oidc(std::string_view bytes);
void fuzz_request(std::string_view bytes);
void fuzz_schema(std::string_view bytes);
void fuzz_template(std::string_view bytes);
void fuzz_token(std::string_view bytes);

// From other nodes.
void fuzz_wire(std::string_view bytes);

// From the store.
void fuzz_document(std::string_view bytes);
void fuzz_fold(std::string_view bytes);
void fuzz_frame(std::string_view bytes);
void fuzz_record(std::string_view bytes);
void fuzz_snapshot(std::string_view bytes);
void fuzz_vault(std::string_view bytes);

}  // namespace troupe::fuzz
