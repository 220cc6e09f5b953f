//! The report from hand-made results: what is printed in every form, and that every form is sound.

#[path = "report/numbers.rs"]
mod numbers;
mod study;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use bgh::artifact::Files;
use bgh::artifact::results::{Estimate, Factor, Results};
use study::{Inputs, factorial, odd_names, one_factor, with_everything, without_models_known};

fn rendered(inputs: &Inputs) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    inputs.render(folder.path())?;
    Ok(folder)
}

/// The factorial study, rendered once for all tests that only read it.
fn factorial_folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-factorial");
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("what an earlier build rendered can be removed");
        }
        factorial().render(&folder).expect("the factorial study renders");
        folder
    });
    &FOLDER
}

fn text(folder: &Path, name: &str) -> Result<String> {
    fs::read_to_string(folder.join(name)).with_context(|| format!("{name} was not written"))
}

/// A drawing without its font, which says nothing to a reader.
fn drawing(folder: &Path, stem: &str) -> Result<String> {
    let svg = text(folder, &format!("figures/{stem}.svg"))?;
    let (start, end) = (svg.find("<style>").context("no font")?, svg.find("</style>").context("no font")?);
    Ok(format!("{}{}", &svg[..start], &svg[end + "</style>".len()..]).replace("><", ">\n<"))
}

/// All tables in one form, in the order of their names.
fn tables(folder: &Path, form: &str) -> Result<String> {
    let files = Files::of_folder(&folder.join("tables"))?;
    let of_form = files.iter().filter(|(name, _)| name.ends_with(form));
    of_form.map(|(name, path)| Ok(format!("=== {name}\n{}\n", fs::read_to_string(path)?))).collect()
}

#[test]
fn tables_of_the_factorial_design() -> Result<()> {
    let folder = factorial_folder();
    insta::assert_snapshot!("factorial_csv", tables(folder, ".csv")?);
    insta::assert_snapshot!("factorial_tex", tables(folder, ".tex")?);
    insta::assert_snapshot!("factorial_md", text(folder, "report.md")?);
    Ok(())
}

#[test]
fn drawings_of_one_factor_with_three_levels() -> Result<()> {
    let folder = rendered(&one_factor())?;
    let stems = ["design", "auc", "roc"];
    let files = Files::of_folder(&folder.path().join("figures"))?;
    for slug in stems {
        let name = files.iter().map(|(name, _)| name).find(|name| name.ends_with(&format!("-{slug}.svg")));
        let stem = name.with_context(|| format!("no figure `{slug}`"))?.trim_end_matches(".svg");
        insta::assert_snapshot!(format!("one_factor_svg_{slug}"), drawing(folder.path(), stem)?);
    }
    Ok(())
}

#[test]
fn figures_of_several_panels_are_there_whole_and_fill_the_page() -> Result<()> {
    let folder = factorial_folder();
    let files = Files::of_folder(&folder.join("figures"))?;
    let whole: Vec<&str> = files.iter().map(|(name, _)| name).filter(|name| name.ends_with("-confusion.svg")).collect();
    assert!(whole.iter().any(|name| !name.contains('a')), "panels and the whole figure: {whole:?}");
    let comparison =
        files.iter().map(|(name, _)| name).find(|name| name.starts_with("figure") && name.ends_with("-comparison1.svg"));
    let svg = text(folder, &format!("figures/{}", comparison.context("no figure of the first comparison")?))?;
    assert!(svg.contains("width=\"84mm\"") || svg.contains("width=\"174mm\""), "{}", &svg[..300]);
    Ok(())
}

#[test]
fn a_drawing_carries_its_letters_and_nothing_from_elsewhere() -> Result<()> {
    for (name, path) in Files::of_folder(&factorial_folder().join("figures"))?.iter().filter(|(name, _)| name.ends_with(".svg"))
    {
        let svg = fs::read_to_string(path)?;
        assert_eq!(svg.matches("@font-face").count(), 1, "{name}");
        assert!(!svg.contains("url(http") && !svg.replace("http://www.w3.org/2000/svg", "").contains("http://"), "{name}");
    }
    let page = text(factorial_folder(), "report.html")?;
    assert_eq!(page.matches("@font-face").count(), 2, "regular and bold");
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
    Ok(())
}

#[test]
fn the_checklist_is_a_file_of_its_own() -> Result<()> {
    let claim = text(factorial_folder(), "claim.md")?;
    assert!(claim.starts_with("## CLAIM 2024 checklist"), "{claim}");
    assert_eq!(claim.lines().filter(|line| line.starts_with("| ")).count(), 2 + 44);
    Ok(())
}

#[test]
fn tables_of_one_factor_with_three_levels() -> Result<()> {
    let folder = rendered(&one_factor())?;
    insta::assert_snapshot!("one_factor_csv", tables(folder.path(), ".csv")?);
    insta::assert_snapshot!("one_factor_md", text(folder.path(), "report.md")?);
    Ok(())
}

#[test]
fn readers_subgroups_seeds_and_canaries_have_their_tables() -> Result<()> {
    let folder = rendered(&with_everything())?;
    insta::assert_snapshot!("everything_csv", tables(folder.path(), ".csv")?);
    insta::assert_snapshot!("everything_md", text(folder.path(), "report.md")?);
    let page = text(folder.path(), "report.html")?;
    assert!(
        page.contains("WARNING: trained on permuted labels, x48-alexnet-untrained (AUC 0.81)"),
        "the alarm is not up front"
    );
    sound_page(&page)?;
    links_lead_somewhere(folder.path())
}

#[test]
fn odd_names_are_escaped_in_every_form() -> Result<()> {
    let folder = rendered(&odd_names())?;
    insta::assert_snapshot!("odd_names_tex", tables(folder.path(), ".tex")?);
    insta::assert_snapshot!("odd_names_md", text(folder.path(), "report.md")?);
    let page = text(folder.path(), "report.html")?;
    assert!(!page.contains("<script") && !page.contains("<b>"), "a name got through as markup");
    assert!(page.contains("R&amp;D_100% &lt;b&gt;bold&lt;/b&gt;"), "the title is not escaped as it should be");
    sound_page(&page)?;
    drawings_are_sound(folder.path())
}

#[test]
fn pages_are_sound() -> Result<()> {
    let (one_factor, unknown) = (rendered(&one_factor())?, rendered(&without_models_known())?);
    for folder in [factorial_folder(), one_factor.path(), unknown.path()] {
        sound_page(&text(folder, "report.html")?)?;
        drawings_are_sound(folder)?;
        links_lead_somewhere(folder)?;
    }
    Ok(())
}

#[test]
fn equal_inputs_give_equal_bytes() -> Result<()> {
    let again = rendered(&factorial())?;
    let bytes = |folder: &Path| -> Result<BTreeMap<String, Vec<u8>>> {
        Files::of_folder(folder)?.iter().map(|(name, path)| Ok((name.to_owned(), fs::read(path)?))).collect()
    };
    assert_eq!(bytes(factorial_folder())?, bytes(again.path())?);
    Ok(())
}

#[test]
fn the_scores_are_passed_on_and_curves_are_long() -> Result<()> {
    let folder = factorial_folder();
    assert_eq!(text(folder, "scores.csv")?, study::SCORES);
    assert_eq!(text(folder, "slices.csv")?, study::SLICES);
    let curves = text(folder, "curves.csv")?;
    assert!(curves.starts_with("model,epoch,updates,learning_rate,train_loss,tune_loss,tune_accuracy\n"), "{curves}");
    assert!(curves.contains("\nx48-googlenet-pretrained,0,0,"), "{curves}");
    Ok(())
}

#[test]
fn results_that_contradict_themselves_are_refused() {
    let mut inputs = factorial();
    inputs.results.comparisons[0].rows[0].a = "nobody".into();
    let error = rendered(&inputs).expect_err("a contrast names an unknown model");
    assert!(format!("{error:#}").contains("`nobody`"), "{error:#}");
    let mut inputs = factorial();
    inputs.results.models.clear();
    assert!(rendered(&inputs).is_err());
    let mut inputs = factorial();
    inputs.results.models[0].naming.as_mut().expect("a model names classes").confusion.pop();
    assert!(rendered(&inputs).is_err());
}

#[test]
fn the_page_names_no_number_that_is_not_there() -> Result<()> {
    let mut inputs = factorial();
    let why = "one positive exam";
    for model in &mut inputs.results.models {
        (model.se, model.ci, model.sound) = (undefined(why), undefined(why), undefined(why));
    }
    let page = text(rendered(&inputs)?.path(), "report.html")?;
    assert!(page.contains("not estimable") && page.contains("One positive exam."), "the reason is missing");
    assert!(!page.contains("NaN"), "a number that is none was printed");
    Ok(())
}

fn undefined<T>(why: &str) -> Estimate<T> {
    Estimate::Undefined(why.to_owned())
}

/// Well formed, headings in order, every table with a caption and scopes, every drawing with its words, ids unique.
fn sound_page(page: &str) -> Result<()> {
    assert!(page.contains("<html lang=\"en\">"));
    assert_eq!(page.matches("<h1").count(), 1);
    assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
    assert!(page.matches("scope=\"col\"").count() > 0 && page.matches("scope=\"row\"").count() > 0);
    assert_eq!(page.matches("<svg").count(), page.matches("<desc").count());
    assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id occurs twice");
    for anchor in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&anchor), "no target for #{anchor}");
    }
    Ok(())
}

/// Every SVG parses and has a PNG at its side.
fn drawings_are_sound(folder: &Path) -> Result<()> {
    let files = Files::of_folder(&folder.join("figures"))?;
    for (name, path) in files.iter().filter(|(name, _)| name.ends_with(".svg")) {
        let svg = fs::read_to_string(path)?;
        resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).with_context(|| format!("{name} is no SVG"))?;
        assert!(files.path(&name.replace(".svg", ".pdf")).is_ok(), "{name} has no PDF");
        let is_panel =
            name.trim_start_matches("figure").trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(char::is_alphabetic);
        assert!(is_panel || files.path(&name.replace(".svg", ".png")).is_ok(), "{name} has no PNG");
    }
    Ok(())
}

/// Every relative link of the page leads to a file of the report, but for the record that the run adds.
fn links_lead_somewhere(folder: &Path) -> Result<()> {
    let page = text(folder, "report.html")?;
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for link in links.filter(|link| !link.starts_with('#') && !link.starts_with("data:") && *link != "provenance.json") {
        assert!(folder.join(link).is_file(), "dead link: {link}");
    }
    Ok(())
}

#[test]
fn factors_without_a_choice_do_not_disturb() -> Result<()> {
    let mut inputs = one_factor();
    inputs.results.factors.push(Factor { name: "network".into(), levels: vec!["alexnet".into()] });
    for model in &mut inputs.results.models {
        model.levels.insert("network".into(), "alexnet".into());
    }
    let page = text(rendered(&inputs)?.path(), "report.md")?;
    assert!(page.contains("network (alexnet)"), "{page}");
    Ok(())
}

#[test]
fn the_summary_names_the_best_model() -> Result<()> {
    let inputs = factorial();
    let best: &Results = &inputs.results;
    assert_eq!(best.models[7].auc, 1.0, "the fixture has its best model last");
    let page = text(factorial_folder(), "report.md")?;
    let key = "**Of 8 models, x48-googlenet-pretrained had the largest area under the ROC curve: 1.00 (95% CI: 0.94, 1.00) on 110 test exams (55 positive, 55 negative).**";
    assert!(page.contains(key), "{page}");
    Ok(())
}

/// Numbers that name a convention or a publication and are no result.
const CONVENTIONS: [&str; 7] = ["0.5", "17", "1988", "1991", "2003", "2014", "2024"];

#[test]
fn every_number_of_the_report_stands_in_what_it_was_made_from() -> Result<()> {
    for inputs in [factorial(), with_everything()] {
        let mut known = numbers::Known::default();
        known.add(&serde_json::to_value(&inputs.params)?);
        let read = tempfile::tempdir()?;
        inputs.write(read.path())?;
        known.add_files(read.path())?;
        known.add_value((inputs.results.n_positive + inputs.results.n_negative) as f64);
        for partition in &inputs.params.cohort.partitions {
            known.add_value(partition.exams.values().sum::<usize>() as f64);
        }
        let excluded: usize = inputs.params.excluded.iter().map(|(_, exams)| exams).sum();
        known.add_value(
            (excluded + inputs.params.cohort.partitions.iter().flat_map(|partition| partition.exams.values()).sum::<usize>())
                as f64,
        );
        let folder = rendered(&inputs)?;
        // The checklist numbers the items of a guideline, not results.
        let report = text(folder.path(), "report.md")?;
        let found = |chapter: &&str| !chapter.starts_with("CLAIM");
        let prose = numbers::prose(&report.split("\n## ").filter(found).collect::<Vec<_>>().join("\n"));
        let unknown: Vec<String> = numbers::numbers_of(&prose)
            .into_iter()
            .filter(|number| !CONVENTIONS.contains(&number.text.as_str()) && !known.hold(number))
            .map(|number| number.text)
            .collect();
        assert!(unknown.is_empty(), "numbers from nowhere: {unknown:?}\n{prose}");
    }
    Ok(())
}

#[test]
fn a_browser_shows_the_page_whole_on_a_desk_and_on_a_telephone() -> Result<()> {
    let named = std::env::var("CHROMIUM").ok();
    let candidates = named.into_iter().chain(["chromium", "chromium-browser", "google-chrome"].map(str::to_owned));
    let runs = |program: &String| Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
    let Some(chromium) = candidates.into_iter().find(runs) else {
        eprintln!("skipped: no Chromium is here (`chromium`, `google-chrome`, or name one in CHROMIUM)");
        return Ok(());
    };
    let folder = rendered(&with_everything())?;
    let base = format!("file://{}", folder.path().display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/browser.py");
    let output = Command::new("python3").arg(script).args([&chromium, &base, "", "-", "/report.html"]).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let saw: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!((&saw["errors"], &saw["foreign"]), (&serde_json::json!([]), &serde_json::json!([])), "{saw}");
    for page in saw["seen"].as_array().context("no page was seen")? {
        assert_eq!((&page["undrawn"], &page["mute"]), (&serde_json::json!([]), &serde_json::json!([])), "{page}");
        assert!(page["drawings"].as_u64().is_some_and(|drawings| drawings > 2), "{page}");
        assert!(page["overflow"].as_i64().is_some_and(|pixels| pixels <= 0), "{page}");
    }
    Ok(())
}

#[test]
fn the_manuscript_is_a_sound_archive_with_every_picture() -> Result<()> {
    let bytes = fs::read(factorial_folder().join("report.docx"))?;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes))?;
    let mut part = |name: &str| -> Result<String> {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name)?, &mut text)?;
        Ok(text)
    };
    let (body, relations) = (part("word/document.xml")?, part("word/_rels/document.xml.rels")?);
    for text in [&body, &relations, &part("word/styles.xml")?, &part("[Content_Types].xml")?] {
        resvg::usvg::roxmltree::Document::parse(text).context("a part is no XML")?;
    }
    let embedded: BTreeSet<&str> = body.split("r:embed=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(embedded.len() > 3 && embedded.iter().all(|id| relations.contains(&format!("Id=\"{id}\""))), "{embedded:?}");
    assert_eq!(body.matches("<w:tblHeader>").count(), body.matches("<w:tbl>").count());
    assert!(embedded.iter().all(|id| archive.by_name(&format!("word/media/{id}.png")).is_ok()));
    Ok(())
}

#[test]
fn the_pdf_has_letters_and_structure() -> Result<()> {
    let bytes = fs::read(factorial_folder().join("report.pdf"))?;
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(bytes.starts_with(b"%PDF-") && holds("/StructTreeRoot") && holds("LiberationSans") && holds("/FontFile2"));
    assert!(holds("/Outlines") && holds("/Lang"));
    Ok(())
}

#[test]
fn a_report_verifies_until_something_is_changed() -> Result<()> {
    let folder = rendered(&factorial())?;
    let faults = |what: &str| -> Result<Vec<String>> {
        let checks = bgh::report::verify::verify(folder.path())?;
        let check = checks.into_iter().find(|check| check.what == what).context("no such check")?;
        Ok(check.found.err().unwrap_or_default())
    };
    assert_eq!(faults("numbers")?, Vec::<String>::new());
    assert!(faults("files")?[0].contains("provenance.json"), "a report without a record cannot be confirmed");
    let numbers = text(folder.path(), "numbers.csv")?;
    fs::write(folder.path().join("numbers.csv"), numbers.replacen("n_positive,55,55", "n_positive,56,56", 1))?;
    assert!(faults("numbers")?[0].contains("`n_positive` is 56"), "{:?}", faults("numbers")?);
    Ok(())
}

#[test]
fn numbers_are_macros_that_latex_can_read() -> Result<()> {
    let macros = text(factorial_folder(), "numbers.tex")?;
    assert!(macros.contains("\\@namedef{bgh@auc.x48-googlenet-pretrained}{1.00}\n"), "{macros}");
    assert!(macros.contains("\\newcommand{\\bghAUC}[1]"), "{macros}");
    let names: Vec<&str> = macros.lines().filter_map(|line| line.strip_prefix("\\@namedef{")?.split('}').next()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name occurs twice");
    Ok(())
}

/// Whether a program is here; says that the test is skipped where it is not.
fn is_installed(program: &str) -> bool {
    let is_here = Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
    if !is_here {
        eprintln!("skipped: {program} is not installed");
    }
    is_here
}

#[test]
fn tables_and_macros_compile_in_latex() -> Result<()> {
    if !is_installed("pdflatex") {
        return Ok(());
    }
    for inputs in [factorial(), odd_names()] {
        let folder = rendered(&inputs)?;
        let tables = Files::of_folder(&folder.path().join("tables"))?;
        let inputs: String = tables
            .iter()
            .filter(|(name, _)| name.ends_with(".tex"))
            .map(|(name, _)| format!("\\input{{tables/{}}}\n", name.trim_end_matches(".tex")))
            .collect();
        let manuscript = format!(
            "\\documentclass{{article}}\n\\usepackage[T1]{{fontenc}}\n\\usepackage{{booktabs}}\n\\input{{numbers}}\n\\begin{{document}}\n\
             \\bgh{{n_positive}} of \\bgh{{level}}\n{inputs}\\end{{document}}\n"
        );
        fs::write(folder.path().join("manuscript.tex"), manuscript)?;
        let mut latex = Command::new("pdflatex");
        latex.args(["-interaction=nonstopmode", "-halt-on-error", "manuscript.tex"]).current_dir(folder.path());
        let output = latex.output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(())
}

#[test]
fn the_manuscript_opens_in_libreoffice() -> Result<()> {
    if !is_installed("soffice") {
        return Ok(());
    }
    let folder = rendered(&factorial())?;
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.path().display());
    let mut office = Command::new("soffice");
    office.args([&profile, "--headless", "--convert-to", "txt:Text", "report.docx"]).current_dir(folder.path());
    let output = office.output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let words = text(folder.path(), "report.txt")?;
    assert!(words.contains("Table 1. Area under the ROC curve"), "{words}");
    Ok(())
}
