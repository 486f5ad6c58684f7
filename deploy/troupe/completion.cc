#include <memory>

#include "deploy/troupe/commands.h"

namespace troupe::cli {
namespace {

/// The words that may follow a command: its verbs and its long options.
std::string words_of(const CLI::App& command) {
  std::string words;
  for (const CLI::App* verb : command.get_subcommands(nullptr)) words += verb->get_name() + " ";
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

/// One `case` branch per command line so far, such as "runs list".
std::string bash_cases(const CLI::App& command, const std::string& path) {
  std::string cases = "    \"" + path + "\") words=\"" + words_of(command) + "\" ;;\n";
  for (const CLI::App* verb : command.get_subcommands(nullptr)) {
    cases += bash_cases(*verb, path.empty() ? verb->get_name() : path + " " + verb->get_name());
  }
  return cases;
}

std::string bash_script(const CLI::App& line) {
  return "_troupe() {\n"
         "  local path=\"\" words=\"\" word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    [[ $word == -* ]] && break\n"
         "    case \"$(_troupe_words \"${path:+$path }$word\")\" in \"\") break ;; esac\n"
         "    path=\"${path:+$path }$word\"\n"
         "  done\n"
         "  words=$(_troupe_words \"$path\")\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "_troupe_words() {\n"
         "  local words=\"\"\n"
         "  case \"$1\" in\n" +
         bash_cases(line, "") +
         "  esac\n"
         "  printf '%s' \"$words\"\n"
         "}\n"
         "complete -o default -F _troupe troupe\n";
}

std::string fish_script(const CLI::App& line) {
  std::string script = "complete -c troupe -n __fish_use_subcommand -f\n";
  for (const CLI::App* command : line.get_subcommands(nullptr)) {
    const std::string& name = command->get_name();
    script += "complete -c troupe -n __fish_use_subcommand -a " + name + " -d '" +
              command->get_description() + "'\n";
    for (const CLI::App* verb : command->get_subcommands(nullptr)) {
      script += "complete -c troupe -n '__fish_seen_subcommand_from " + name + "' -a " +
                verb->get_name() + "\n";
    }
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& word : option->get_lnames()) {
        script +=
            "complete -c troupe -n '__fish_seen_subcommand_from " + name + "' -l " + word + "\n";
      }
    }
  }
  return script;
}

int completion(const CLI::App& line, const std::string& shell) {
  if (shell == "fish") {
    print(fish_script(line));
  } else {
    // zsh runs bash completions once told to.
    print((shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "") +
          bash_script(line));
  }
  return kOk;
}

}  // namespace

void add_completion(CLI::App& line, Shared&, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = line.add_subcommand("completion", "Print completions for a shell");
  command->add_option("shell", *shell)->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Example:\n  troupe completion bash > ~/.local/share/bash-completion/completions/troupe");
  command->callback(
      [&line, &action, shell] { action = [&line, shell] { return completion(line, *shell); }; });
}

}  // namespace troupe::cli
