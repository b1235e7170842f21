import Testing

@testable import Specification

@Suite struct TemplateTests {
    @Test(
        "placeholders are replaced, doubled braces are literal, all else stays",
        arguments: [
            ("{service}-{worker}.log", "web-3.log"), ("", ""), ("plain", "plain"), ("{{service}}", "{service}"),
            ("{{{worker}}}", "{3}"), ("{{}}", "{}"), ("{other} {", "{other} {"), ("}", "}"), ("{a{worker}", "{a3"),
        ])
    func expansion(template: String, text: String) {
        #expect(Template.expand(template, service: "web", worker: 3) == text)
    }

    @Test("a port is replaced where there is one, and a problem where there is none")
    func port() {
        #expect(Template.expand(":{port}", service: "web", worker: 3, port: 8003) == ":8003")
        #expect(Template.problem(in: "{port}", hasPort: true) == nil)
        #expect(
            Template.problem(in: "{port}")
                == "the workers have no ports; add [service.NAME.port] with a line such as start = 8000")
    }

    @Test("a service's name is not expanded again")
    func once() {
        #expect(Template.expand("{service}", service: "{worker}", worker: 3) == "{worker}")
    }

    @Test(
        "only what can be expanded is no problem",
        arguments: [
            ("{service}{worker}{{}}", true), ("a", true), ("{Worker}", false), ("{ worker }", false), ("{}", false),
            ("{", false), ("}", false), ("{worker}}", false), ("{{worker}", false),
        ])
    func problems(template: String, isValid: Bool) {
        #expect((Template.problem(in: template) == nil) == isValid)
    }
}
