//! `patency analyse`: a scenario's analyses on data.

use parquet::record::Field;

use super::{DEFIANCE, P1, P2, P4, Results, Written, list, number, printed, refused, text, word};

const DEFIER: &str = "scenarios/defier.toml";

/// A simulated trial, written and read back, gives exactly the estimates of its replicate.
fn returns(scenario: &str, extension: &str, others: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(format!("trial.{extension}"));
    let file = text(&file);
    printed(&[&["cohort", scenario, "--view", "observed", "--replicate", "2", "--out", file], others].concat());
    let read =
        printed(&[&["analyse", scenario, "--data", file, "--format", "json"], &others[..others.len().min(2)]].concat());
    let read: serde_json::Value = serde_json::from_str(&read).expect("JSON");
    let run = Results::of(&[&[scenario, "--replicates", "3", "--no-truth"], others].concat());
    let mut compared = 0;
    for row in super::written::rows(&run.path("replicates.parquet")) {
        let field = |name: &str| &row.iter().find(|(n, _)| n == name).expect("the column is there").1;
        if !matches!(field("replicate"), Field::Long(2) | Field::ULong(2) | Field::Int(2)) {
            continue;
        }
        let Field::Str(name) = field("analysis") else { panic!("analyses have names") };
        let answer = list(&read, "/analyses").iter().find(|a| word(a, "/name") == name).expect("the analysis is there");
        let same = |column: &str, value: &serde_json::Value| {
            let wanted = match field(column) {
                Field::Double(x) if x.is_finite() => Some(*x),
                _ => None,
            };
            assert_eq!(value.as_f64(), wanted, "{scenario} {name} {column}");
        };
        let failed = word(answer, "/status") != "estimated";
        same("estimate", &answer["estimate"]);
        same("se", &answer["se"]);
        same("z", &answer["statistic"]);
        same("p", &answer["p_favour"]);
        assert_eq!(failed, matches!(field("p"), Field::Null), "{scenario} {name}");
        compared += 1;
    }
    assert_eq!(compared, list(&read, "/analyses").len(), "{scenario}");
}

#[test]
fn a_simulated_trial_read_back_gives_the_estimates_of_its_replicate() {
    for (scenario, extension) in [(P1, "csv"), (P2, "parquet"), (P4, "csv"), (DEFIANCE, "csv"), (DEFIANCE, "parquet")] {
        returns(scenario, extension, &[]);
    }
    // trials that stop: what they hold then
    returns("scenarios/yardstick/p5-group-sequential.toml", "csv", &[]);
    returns(DEFIANCE, "csv", &["--variant", "interim"]);
    returns(DEFIER, "csv", &[]);
    returns(DEFIER, "parquet", &["--variant", "strong-confounding"]);
}

const PLAN: &str = r#"title = "A plan"
[data]
patient = "id"
columns = { death_time = "days", death_event = "status" }
[trial]
arms = [{ name = "control" }, { name = "treatment" }]
[[endpoint]]
name = "death"
time-to-event = { event = "death", better = "higher" }
[[endpoint]]
name = "low"
binary = { value = "score < 3", better = "lower" }
[[analysis]]
name = "primary"
endpoint = "death"
cox = {}
covariates = ["age"]
[[analysis]]
name = "low"
endpoint = "low"
difference-of-proportions = {}
"#;

const ROWS: &str = "id,arm,days,status,age,score
a,control,5,1,60,1
b,treatment,9,0,50,4
c,control,3,1,NA,2
d,treatment,8,1,70,.
e,control,7,0,65,5
f,treatment,2,1,40,3
g,control,4,1,55,2
h,treatment,6,1,45,1
";

fn analyse(plan: &str, rows: &str, others: &[&str]) -> String {
    let (plan, data) = (Written::new("plan.toml", plan), Written::new("trial.csv", rows));
    printed(&[&["analyse", &plan.path(), "--data", &data.path()], others].concat())
}

fn mistakes(plan: &str, rows: &str) -> String {
    let (plan, data) = (Written::new("plan.toml", plan), Written::new("trial.csv", rows));
    refused(&["analyse", &plan.path(), "--data", &data.path()], 2)
}

#[test]
fn a_plan_needs_arms_endpoints_and_analyses_alone() {
    let answers: serde_json::Value = serde_json::from_str(&analyse(PLAN, ROWS, &["--format", "json"])).unwrap();
    let [primary, low] = list(&answers, "/analyses") else { panic!("two analyses") };
    // c has no age; d has no score
    assert_eq!((number(primary, "/patients"), number(primary, "/left_out/baseline")), (7.0, 1.0));
    assert_eq!((number(low, "/patients"), number(low, "/left_out/endpoint")), (7.0, 1.0));
    assert_eq!(number(low, "/estimate"), 1.0 / 3.0 - 3.0 / 4.0);
    let shown = analyse(PLAN, ROWS, &[]);
    assert!(shown.contains("1 without a covariate, a stratum or what the subset asks (primary)"), "{shown}");
    assert!(shown.contains("1 without the endpoint (low)"), "{shown}");
    let csv = analyse(PLAN, ROWS, &["--format", "csv"]);
    assert_eq!(csv.lines().count(), 3, "{csv}");
}

#[test]
fn everything_that_is_wrong_with_the_data_is_said_at_once() {
    let rows = ROWS
        .replace("a,control,5", "a,contrl,5")
        .replace("c,control,3,1", "b,control,-3,2")
        .replace("f,treatment,2,1,40,3", "f,treatment,2,1,forty,3");
    let said = mistakes(PLAN, &rows);
    for part in [
        "4 mistakes",
        "column `arm`, row 1: `contrl` is no arm; the arms are `control` and `treatment`",
        "column `id`, row 3: patient b stands there already, in row 2",
        "column `age`, row 6: `forty` is not a number",
        "column `days`, row 3: -3 is negative",
    ] {
        let part = if part == "4 mistakes" { "5 mistakes" } else { part };
        assert!(said.contains(part), "no {part} in {said}");
    }
    assert!(said.contains("column `status`, row 3: 2 is neither 0 nor 1"), "{said}");
}

#[test]
fn columns_that_are_not_there_are_named_with_the_nearest() {
    let said = mistakes(PLAN, &ROWS.replacen("age", "Age", 1));
    assert!(said.contains("`age`") && said.contains("`Age`"), "{said}");
    let said = mistakes(&PLAN.replace("\"days\"", "\"dyas\""), ROWS);
    assert!(said.contains("dyas") && said.contains("days"), "{said}");
    let said = mistakes(PLAN, &ROWS.replacen("arm", "group", 1));
    assert!(said.contains("no column `arm`") && said.contains("[data]"), "{said}");
    let said = mistakes(PLAN, &ROWS.replacen("status", "state", 1));
    assert!(said.contains("status"), "{said}");
}

#[test]
fn data_of_nobody_or_of_one_arm_are_refused() {
    assert!(mistakes(PLAN, "id,arm,days,status,age,score\n").contains("no rows"));
    assert!(mistakes(PLAN, "").contains("headers"));
    let one_arm = ROWS.replace("treatment", "control");
    assert!(mistakes(PLAN, &one_arm).contains("nobody is in arm `treatment`"));
    let none_left = ROWS.replace(",60,", ",,").replace(",50,", ",,").replace(",70,", ",,").replace(",65,", ",,");
    let none_left = none_left.replace(",40,", ",,").replace(",55,", ",,").replace(",45,", ",,");
    let said = mistakes(PLAN, &none_left);
    assert!(said.contains("analysis `primary`: nothing is left of 8 patients"), "{said}");
    assert!(mistakes(PLAN, "id,arm\na,control,5\n").contains("line 2 has 3 cells"));
    assert!(mistakes(PLAN, "id,id\na,b\n").contains("two columns are called `id`"));
}

#[test]
fn curves_are_written_beside_the_answers() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("curves");
    analyse(PLAN, ROWS, &["--curves", text(&out)]);
    let survival = std::fs::read_to_string(out.join("survival.csv")).unwrap();
    let control: Vec<&str> = survival.lines().filter(|l| l.starts_with("death,control")).collect();
    // 4 at risk at 3, 3 at 4, 2 at 5
    let value = |line: &str| line.split(',').nth(6).unwrap().parse::<f64>().unwrap();
    assert_eq!(control.len(), 5, "{survival}");
    for (line, s) in control[1..].iter().zip([0.75, 0.5, 0.25, 0.25]) {
        assert!((value(line) - s).abs() < 1e-15, "{line}");
    }
    assert!(!out.join("tiers.csv").exists());
}

#[test]
fn words_flags_units_and_missing_spellings_are_read() {
    let plan = PLAN
        .replace(
            "patient = \"id\"",
            "patient = \"id\"\nunit = \"days\"\nmissing = [\"?\"]\nlabels = { sex = [\"male\", \"female\"] }",
        )
        .replace("covariates = [\"age\"]", "covariates = [\"sex\"]")
        .replace("cox = {}", "kaplan-meier = { at = 0.1 }")
        .replace("covariates = [\"sex\"]\n", "subset = \"sex == 2\"\n");
    let rows = "id,arm,days,status,sex,score
1,control,3,yes,female,1
2,control,30,no,female,1
3,treatment,4,no,female,2
4,treatment,5,yes,male,9
5,treatment,?,yes,female,9
6,control,9,no,?,4
";
    let answers: serde_json::Value = serde_json::from_str(&analyse(&plan, rows, &["--format", "json"])).unwrap();
    let primary = &list(&answers, "/analyses")[0];
    // 3 days are .0986 months: before .1
    assert_eq!(number(primary, "/estimate"), 0.5);
    assert_eq!((number(primary, "/left_out/subset"), number(primary, "/left_out/baseline")), (1.0, 1.0));
    assert_eq!(number(primary, "/left_out/endpoint"), 1.0);
    let said = mistakes(&plan, &rows.replace("female,2", "femal,2"));
    assert!(said.contains("`femal` is no category; they are `male` and `female`"), "{said}");
}

#[test]
#[cfg(unix)]
fn a_file_without_end_is_left_in_time() {
    let plan = Written::new("plan.toml", PLAN);
    let said = refused(&["analyse", &plan.path(), "--data", "/dev/zero"], 1);
    assert!(said.contains("longer than 64 MB"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_the_world_s_fault() {
    let plan = Written::new("plan.toml", PLAN);
    refused(&["analyse", &plan.path(), "--data", "nowhere.csv"], 1);
    let said = refused(&["analyse", &plan.path()], 2);
    assert!(said.contains("--data"), "{said}");
    assert!(printed(&["analyse", "--help"]).contains("--curves"));
}

/// What is no comma-separated table is called by its name, with what to do about it.
#[test]
fn other_kinds_of_file_are_named() {
    for (rows, said) in [
        (ROWS.replace(',', ";"), "semicolons stand between its headers"),
        (ROWS.replace(',', "\t"), "tabs stand between its headers"),
        (ROWS.replace(',', "|"), "bars stand between its headers"),
        ("PK\u{3}\u{4}abcdef".to_owned(), "a spreadsheet or an archive"),
        ("PAR1abcdef".to_owned(), "let its name end in .parquet"),
        (ROWS.replacen("a,control", "\"a,control", 1), "quotation marks, and each that opens is closed"),
        (format!("{ROWS}i,control,5\n"), "line 10 has 3 cells; the line of headers has 6"),
        (ROWS.replace('\n', ",\n").replacen("score,", "score,age", 1), "two columns are called `age`"),
    ] {
        let found = mistakes(PLAN, &rows);
        assert!(found.contains(said), "no {said} in {found}");
    }
}

/// Byte order marks, carriage returns, blank lines and quoted line breaks change nothing.
#[test]
fn other_ways_of_writing_a_table_are_read() {
    let plain = analyse(PLAN, ROWS, &["--format", "csv"]);
    for rows in [
        format!("\u{feff}{ROWS}"),
        format!("\u{feff}\"id\"{}", ROWS.trim_start_matches("id")),
        ROWS.replace('\n', "\r\n"),
        ROWS.replace('\n', "\n\n"),
        ROWS.replacen("a,control", "\"a \"\"b\"\",\n c\",\" control \"", 1),
        ROWS.replace(",1\n", ",+1.0e0\n"),
        ROWS.replace('\n', ",\n"),
    ] {
        assert_eq!(analyse(PLAN, &rows, &["--format", "csv"]), plain, "{rows}");
    }
}

#[test]
fn words_that_were_to_be_numbers_are_no_categories() {
    let score = PLAN.replace(
        "binary = { value = \"score < 3\", better = \"lower\" }",
        "score = { value = \"score\", better = \"lower\" }",
    );
    let score = score.replace("difference-of-proportions", "t-test");
    let everywhere = |column: usize, f: &dyn Fn(&str) -> String| -> String {
        let line = |(i, line): (usize, &str)| {
            let cells =
                line.split(',').enumerate().map(|(c, x)| if i > 0 && c == column { f(x) } else { x.to_owned() });
            cells.collect::<Vec<_>>().join(",")
        };
        ROWS.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
    };
    for (rows, said) in [
        (
            everywhere(4, &|x| format!("\"{x},5\"")),
            "column `age`, row 1: `60,5` is not a number: numbers have a decimal point",
        ),
        (everywhere(4, &|x| format!("{x}%")), "`60%` is not a number: leave the percent sign out"),
        (ROWS.replace(",60,", ",1e400,"), "`1e400` is not a number: numbers are finite"),
        (ROWS.replace(",60,", ",inf,"), "`inf` is not a number: numbers are finite"),
        (everywhere(2, &|x| format!("2024-03-0{x}")), "`2024-03-05` is not a number: a date is no number"),
        (everywhere(2, &|x| format!("0{x}/03/2024")), "`05/03/2024` is not a number: a date is no number"),
        (everywhere(2, &|x| format!("2024-03-0{x} 12:00:00")), "a date is no number"),
        (
            everywhere(2, &|x| format!("{x} days")),
            "column `days`: it holds words, as `5 days`; a time from entry is a number",
        ),
        (
            everywhere(2, &|x| format!("4535{x}")),
            "column `days`: its times are from 45352 to 45359: dates as a spreadsheet counts them?",
        ),
        (
            everywhere(5, &|x| format!("about {x}")),
            "column `score`: it holds words, as `about 1`; a score is a number (labels = { score",
        ),
    ] {
        let found = mistakes(&score, &rows);
        assert!(found.contains(said), "no {said} in {found}");
    }
}

#[test]
fn spellings_of_a_missing_value_may_be_numbers() {
    let plan = PLAN.replace("patient = \"id\"", "patient = \"id\"\nmissing = [\"NA\", \".\", \"-9\"]");
    let rows = ROWS.replace("b,treatment,9,0,50,4", "b,treatment,9,0,-9.0,4");
    let answers: serde_json::Value = serde_json::from_str(&analyse(&plan, &rows, &["--format", "json"])).unwrap();
    assert_eq!(number(&list(&answers, "/analyses")[0], "/left_out/baseline"), 2.0);
}

#[test]
fn keys_of_data_that_contradict_each_other_are_refused() {
    let with = |line: &str| PLAN.replacen("[data]", &format!("[data]\n{line}"), 1);
    for (line, said) in [
        ("arms = { control = \"1\", treatment = \"1\" }", "`1` stands for both arms, `control` and `treatment`"),
        ("arms = { control = \"1\", treatment = \"1.0\" }", "`1.0` stands for both arms, `control` and `treatment`"),
        ("arms = { contol = \"1\" }", "`contol`, which is no arm of the trial; did you mean `control`?"),
        (
            "labels = { status = [\"0\", \"1\"] }",
            "it holds numbers; [data] labels are the categories of a column of words",
        ),
        ("labels = { arm = [\"control\", \"control\"] }", "[data] labels names the category `control` twice"),
        ("labels = { arm = [] }", "[data] labels gives it no categories"),
        ("labels = { arn = [\"a\"] }", "there is no column `arn` ([data] labels names it)"),
        ("site = \"centre\"", "there is no column `centre`"),
        ("arm = \"status\"", "arms = { control = \"…\" } under [data] says what stands there for an arm"),
    ] {
        let found = mistakes(&with(line), ROWS);
        assert!(found.contains(said), "{line}: no {said} in {found}");
    }
    // arms written as numbers, however they are written
    let numbered = ROWS.replace("control", "1.0").replace("treatment", "2");
    let plan = with("arms = { control = \"1\", treatment = \"2.00\" }");
    assert_eq!(analyse(&plan, &numbered, &["--format", "csv"]), analyse(PLAN, ROWS, &["--format", "csv"]));
}

/// A message shows the cell that is wrong, but neither megabytes of it nor what would steer a terminal.
#[test]
fn cells_in_messages_are_short_and_plain() {
    let said = mistakes(PLAN, &ROWS.replacen("control", &format!("con\u{1b}[31mtrol{}", "x".repeat(1_000_000)), 1));
    assert!(
        said.contains("`con\\u{1b}[31mtrolxxx") && said.contains("x…` is no arm"),
        "{}",
        &said[..300.min(said.len())]
    );
    assert!(said.len() < 1000 && !said.contains('\u{1b}'));
}

/// Numbers beyond what can be shown in full.
#[test]
fn huge_and_tiny_numbers_stand_in_the_table() {
    let plan = PLAN.replace("difference-of-proportions = {}", "clopper-pearson = { probability = 1e-305 }").replace(
        "name = \"low\"\nendpoint",
        "name = \"sum\"\nendpoint = \"sum\"\nt-test = {}\n[[analysis]]\nname = \"low\"\nendpoint",
    );
    let plan = plan.replace("[[analysis]]\nname = \"primary\"", "[[endpoint]]\nname = \"sum\"\nscore = { value = \"score * 1e100\", better = \"lower\" }\n[[analysis]]\nname = \"primary\"");
    let shown = analyse(&plan, ROWS, &[]);
    assert!(shown.contains("< 1e-300"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() < 200) && shown.contains("e100"), "{shown}");
}

/// A column of nothing but mistakes is not shown in full, hides no other, and does not take a time that grows with its square.
#[test]
fn as_many_mistakes_as_rows_are_survived() {
    let mut rows = String::from("id,arm,days,status,age,score\n");
    for i in 0..60_000 {
        rows.push_str(&format!("{i},arm-{i},-{i}.5,{i},x{i},y{i}\n"));
    }
    let said = mistakes(PLAN, &rows);
    assert!(said.lines().count() < 45, "{said}");
    assert!(
        said.contains("column `arm`, row 1") && said.contains("column `days`, row 1") && said.contains("more"),
        "{said}"
    );
}

#[test]
fn many_columns_are_read_and_too_many_refused() {
    let wide = |columns: usize| -> String {
        let line = |(i, line): (usize, &str)| {
            let more: Vec<String> =
                (0..columns - 6).map(|c| if i == 0 { format!("c{c}") } else { c.to_string() }).collect();
            format!("{line},{}\n", more.join(","))
        };
        ROWS.lines().enumerate().map(line).collect()
    };
    assert_eq!(analyse(PLAN, &wide(5_000), &["--format", "csv"]), analyse(PLAN, ROWS, &["--format", "csv"]));
    let said = mistakes(PLAN, &wide(5_001));
    assert!(said.contains("5001 columns; at most 5000 can be"), "{said}");
}

/// A Parquet file cut anywhere, or with a byte changed, is read or refused, each without a panic.
#[test]
fn damaged_parquet_files_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trial.parquet");
    printed(&["cohort", P1, "--view", "observed", "--n", "20", "--out", text(&file)]);
    let bytes = std::fs::read(&file).unwrap();
    let missing = [String::new()];
    let mut refused = 0;
    let mut read = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        match patency::data::sheet::Sheet::read(&file, &missing) {
            Ok(sheet) => assert!(sheet.columns.iter().all(|c| c.number.len() == sheet.rows)),
            Err(_) => refused += 1,
        }
    };
    for cut in (0..bytes.len()).step_by(61) {
        read(&bytes[..cut]);
    }
    for at in (0..bytes.len()).step_by(7) {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            read(&damaged);
        }
    }
    assert!(refused > bytes.len() / 61, "{refused}");
}
